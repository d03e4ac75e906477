(** The kernel of uniform feedback behind a focused row (K.15). *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Blocks Positions Profiles.
Open Scope R_scope.

(** * The resolvent in closed form *)

Lemma resolvent_spec gamma i j : uniform_resolvent gamma i j
  = (if Nat.eqb i j then 1 else 0) + gamma / INR i * sum (fun k => uniform_resolvent gamma k j) i.
Proof. unfold uniform_resolvent. rewrite solution_spec, sum_scal. easy. Qed.

Lemma resolvent_before gamma i j : (i < j)%nat -> uniform_resolvent gamma i j = 0.
Proof.
  induction i as [i IH] using (well_founded_induction Wf_nat.lt_wf). intros H. rewrite resolvent_spec.
  destruct (Nat.eqb_spec i j); [lia|]. rewrite (sum_ext _ (fun _ => 0)), sum_zero; [ring|]. intros k Hk. apply IH; lia.
Qed.

Definition growth (gamma : R) (j n : nat) : R := prod (fun r => 1 + gamma / INR (S j + r)) n.

(** The column's sum up to j + n is (1 + gamma/(j+1)) ... (1 + gamma/(j+n)). *)
Lemma column_sum gamma j n : sum (fun k => uniform_resolvent gamma k j) (S j + n) = growth gamma j n.
Proof.
  induction n as [|n IH].
  - rewrite Nat.add_0_r. simpl. rewrite (sum_ext _ (fun _ => 0)), sum_zero by (intros; now apply resolvent_before).
    rewrite resolvent_spec, Nat.eqb_refl, (sum_ext _ (fun _ => 0)), sum_zero by (intros; now apply resolvent_before).
    unfold growth. simpl. ring.
  - replace (S j + S n)%nat with (S (S j + n)) by lia.
    change (sum (fun k => uniform_resolvent gamma k j) (S j + n) + uniform_resolvent gamma (S j + n) j = growth gamma j n * (1 + gamma / INR (S j + n))).
    rewrite resolvent_spec, IH. destruct (Nat.eqb_spec (S j + n) j); [lia | ring].
Qed.

Lemma resolvent_after gamma j n : uniform_resolvent gamma (S j + n) j = gamma / INR (S j + n) * growth gamma j n.
Proof. rewrite resolvent_spec, column_sum. destruct (Nat.eqb_spec (S j + n) j); [lia | ring]. Qed.

(** * Its order *)

Lemma growth_lower gamma j n : 0 <= gamma <= 1 -> Rpower (INR (S j + n)) gamma <= growth gamma j n * Rpower (INR (S j)) gamma.
Proof.
  intros Hg. induction n as [|n IH]; [rewrite Nat.add_0_r; unfold growth; simpl prod; lra|].
  set (x := INR (S j + n)) in *. assert (Hx : 1 <= x) by (apply (le_INR 1); lia).
  assert (Ex : INR (S j + S n) = x * ((x + 1) / x)) by (replace (S j + S n)%nat with (S (S j + n)) by lia; rewrite S_INR; fold x; field; lra).
  assert (P1 : 0 < (x + 1) / x) by (apply Rdiv_lt_0_compat; lra).
  rewrite Ex, <- Rpower_mult_distr by lra.
  change (growth gamma j (S n)) with (growth gamma j n * (1 + gamma / x)).
  assert (B : Rpower ((x + 1) / x) gamma <= 1 + gamma / x).
  { eapply Rle_trans; [now apply Bernoulli|]. right. field. lra. }
  replace (growth gamma j n * (1 + gamma / x) * Rpower (INR (S j)) gamma)
    with (growth gamma j n * Rpower (INR (S j)) gamma * (1 + gamma / x)) by ring.
  apply Rmult_le_compat; [left; apply Rpower_pos | left; apply Rpower_pos | easy | easy].
Qed.

(** 1 + gamma/x <= (x/(x-1))^gamma. *)
Lemma factor_upper gamma x : 0 <= gamma <= 1 -> 1 < x -> 1 + gamma / x <= Rpower (x / (x - 1)) gamma.
Proof.
  intros Hg Hx. assert (P : 0 < (x - 1) / x) by (apply Rdiv_lt_0_compat; lra).
  pose proof (Bernoulli ((x - 1) / x) gamma P Hg) as B.
  replace (1 + gamma * ((x - 1) / x - 1)) with (1 - gamma / x) in B by (field; lra).
  replace (x / (x - 1)) with (/ ((x - 1) / x)) by (field; lra).
  assert (E : Rpower (/ ((x - 1) / x)) gamma * Rpower ((x - 1) / x) gamma = 1).
  { rewrite Rpower_mult_distr by (easy || now apply Rinv_0_lt_compat). rewrite Rinv_l by lra. apply Rpower_1_l. }
  pose proof (Rpower_pos ((x - 1) / x) gamma) as P2. pose proof (Rpower_pos (/ ((x - 1) / x)) gamma) as P3.
  set (p := Rpower ((x - 1) / x) gamma) in *. set (q := Rpower (/ ((x - 1) / x)) gamma) in *.
  apply Rmult_le_reg_r with p; [easy|]. rewrite E.
  assert (0 <= gamma / x) by (apply Rmult_le_pos; [lra | left; apply Rinv_0_lt_compat; lra]).
  apply Rle_trans with ((1 + gamma / x) * (1 - gamma / x)); [apply Rmult_le_compat_l; lra | nra].
Qed.

Lemma growth_upper gamma j n : 0 <= gamma <= 1 -> growth gamma j (S n) * Rpower (INR (S j)) gamma <= 2 * Rpower (INR (S j + n)) gamma.
Proof.
  intros Hg. induction n as [|n IH].
  - rewrite Nat.add_0_r. unfold growth. cbn [prod]. rewrite Rmult_1_l, Nat.add_0_r.
    apply Rmult_le_compat_r; [left; apply Rpower_pos|]. pose proof (INR_S_pos j).
    assert (gamma / INR (S j) <= 1); [apply Rle_div_l; lra | lra].
  - set (x := INR (S j + S n)). assert (Ex : x = INR (S j + n) + 1) by (unfold x; replace (S j + S n)%nat with (S (S j + n)) by lia; apply S_INR).
    set (y := INR (S j + n)) in *. assert (Hy : 1 <= y) by (apply (le_INR 1); lia).
    change (growth gamma j (S (S n))) with (growth gamma j (S n) * (1 + gamma / x)).
    replace (growth gamma j (S n) * (1 + gamma / x) * Rpower (INR (S j)) gamma)
      with (growth gamma j (S n) * Rpower (INR (S j)) gamma * (1 + gamma / x)) by ring.
    replace (2 * Rpower x gamma) with (2 * Rpower y gamma * Rpower (x / (x - 1)) gamma).
    + assert (0 <= gamma / x) by (apply Rmult_le_pos; [lra | left; apply Rinv_0_lt_compat; lra]).
      apply Rmult_le_compat; [|lra | easy | apply factor_upper; lra].
      apply Rmult_le_pos; [|left; apply Rpower_pos]. apply prod_nonneg. intros r _.
      assert (0 <= gamma / INR (S j + r)); [|lra]. apply Rmult_le_pos; [lra|]. left. apply Rinv_0_lt_compat, lt_0_INR. lia.
    + rewrite Rmult_assoc, Rpower_mult_distr by (try apply Rdiv_lt_0_compat; lra). do 2 f_equal. rewrite Ex. field. lra.
Qed.

(** gamma (j+1)^(-gamma) (i+1)^(-beta) <= Theta_ij <= 4 gamma (j+1)^(-gamma) (i+1)^(-beta). *)
Lemma resolvent_order beta i j : 0 < beta < 1 -> (j < i)%nat ->
  let shape := Rpower (INR (S j)) (- (1 - beta)) * Rpower (INR (S i)) (- beta) in
  (1 - beta) * shape <= uniform_resolvent (1 - beta) i j <= 4 * (1 - beta) * shape.
Proof.
  intros Hb Hij shape. set (g := 1 - beta). replace i with (S j + (i - S j))%nat by lia. set (n := (i - S j)%nat).
  rewrite resolvent_after. replace (S j + n)%nat with i by (unfold n; lia).
  set (x := INR i). assert (Hx : 1 <= x) by (apply (le_INR 1); lia). pose proof (INR_S_pos j) as Hj.
  set (y := INR (S j)) in *. assert (Hi1 : INR (S i) = x + 1) by apply S_INR.
  assert (Py : Rpower y g * Rpower y (- g) = 1) by (rewrite <- Rpower_plus, Rplus_opp_r; apply Rpower_O; lra).
  pose proof (Rpower_pos y g) as P1. pose proof (Rpower_pos y (- g)) as P2.
  assert (Exg : / x * Rpower x g = Rpower x (- beta)).
  { replace g with (1 + - beta) by (unfold g; ring). rewrite Rpower_plus, Rpower_1 by lra. field. lra. }
  pose proof (Rpower_pos x (- beta)) as P3.
  assert (L : Rpower (x + 1) (- beta) <= Rpower x (- beta)) by (apply Rpower_ge_neg; lra).
  assert (U : Rpower x (- beta) <= 2 * Rpower (x + 1) (- beta)).
  { rewrite !Rpower_Ropp. assert (Q : Rpower (x + 1) beta <= 2 * Rpower x beta).
    { apply Rle_trans with (Rpower (2 * x) beta); [apply Rpower_le; lra|]. rewrite <- Rpower_mult_distr by lra.
      apply Rmult_le_compat_r; [left; apply Rpower_pos|]. rewrite <- (Rpower_1 2) at 2 by lra. apply Rle_Rpower; lra. }
    pose proof (Rpower_pos x beta). pose proof (Rpower_pos (x + 1) beta).
    apply Rmult_le_reg_r with (Rpower x beta * Rpower (x + 1) beta); [now apply Rmult_lt_0_compat|].
    replace (/ Rpower x beta * (Rpower x beta * Rpower (x + 1) beta)) with (Rpower (x + 1) beta) by (field; lra).
    replace (2 * / Rpower (x + 1) beta * (Rpower x beta * Rpower (x + 1) beta)) with (2 * Rpower x beta) by (field; lra). easy. }
  unfold shape. rewrite Hi1. fold g. split.
  - pose proof (growth_lower g j n ltac:(unfold g; lra)) as G. replace (S j + n)%nat with i in G by (unfold n; lia). fold x y in G.
    apply Rle_trans with (g * (Rpower y (- g) * Rpower x (- beta))).
    + apply Rmult_le_compat_l; [unfold g; lra|]. apply Rmult_le_compat_l; lra.
    + rewrite <- Exg. replace (g / x * growth g j n) with (g * (/ x * (growth g j n * (Rpower y g * Rpower y (- g))))) by (rewrite Py; field; lra).
      apply Rmult_le_compat_l; [unfold g; lra|].
      replace (/ x * (growth g j n * (Rpower y g * Rpower y (- g)))) with (Rpower y (- g) * (/ x * (growth g j n * Rpower y g))) by ring.
      apply Rmult_le_compat_l; [lra|]. apply Rmult_le_compat_l; [left; apply Rinv_0_lt_compat; lra | easy].
  - assert (G : growth g j n * Rpower y g <= 2 * Rpower x g).
    { destruct n as [|n'] eqn:En.
      - unfold growth. simpl prod. rewrite Rmult_1_l. assert (Rpower y g <= Rpower x g); [|pose proof (Rpower_pos x g); lra].
        apply Rpower_le; [|unfold g; lra]. split; [lra | apply le_INR; lia].
      - eapply Rle_trans; [apply growth_upper; unfold g; lra|]. apply Rmult_le_compat_l; [lra|]. apply Rpower_le; [|unfold g; lra].
        split; [apply lt_0_INR; lia | apply le_INR; lia]. }
    apply Rle_trans with (2 * g * (Rpower y (- g) * Rpower x (- beta))).
    + rewrite <- Exg. replace (g / x * growth g j n) with (g * (/ x * (growth g j n * (Rpower y g * Rpower y (- g))))) by (rewrite Py; field; lra).
      replace (g * (/ x * (growth g j n * (Rpower y g * Rpower y (- g))))) with (g * Rpower y (- g) * / x * (growth g j n * Rpower y g)) by ring.
      replace (2 * g * (Rpower y (- g) * (/ x * Rpower x g))) with (g * Rpower y (- g) * / x * (2 * Rpower x g)) by ring.
      apply Rmult_le_compat_l; [|easy]. apply Rmult_le_pos; [apply Rmult_le_pos; [unfold g; lra | lra] | left; apply Rinv_0_lt_compat; lra].
    + replace (4 * g * (Rpower y (- g) * Rpower (x + 1) (- beta))) with (2 * g * (Rpower y (- g) * (2 * Rpower (x + 1) (- beta)))) by ring.
      apply Rmult_le_compat_l; [unfold g; lra|]. apply Rmult_le_compat_l; [lra | easy].
Qed.

Lemma resolvent_nonneg gamma i j : 0 <= gamma -> 0 <= uniform_resolvent gamma i j.
Proof.
  intros Hg. induction i as [i IH] using (well_founded_induction Wf_nat.lt_wf). rewrite resolvent_spec.
  apply Rplus_le_le_0_compat; [destruct (Nat.eqb i j); lra|]. apply Rmult_le_pos; [|apply sum_nonneg; intros; apply IH; easy].
  destruct i; [simpl; unfold Rdiv; rewrite Rinv_0; lra|]. apply Rmult_le_pos; [easy | left; apply Rinv_0_lt_compat, lt_0_INR; lia].
Qed.

(** * Rows of the resolvent sum to the position code, which is below 1/(1 - gamma) *)

Lemma row_sum gamma i N : (i < N)%nat -> sum (fun k => uniform_resolvent gamma i k) N = position_code gamma i.
Proof.
  intros H. apply (solution_unique _ _ (fun t => sum (fun k => uniform_resolvent gamma t k) N) N); [|easy].
  intros t Ht. rewrite sum_scal, <- sum_swap, <- sum_scal.
  rewrite (sum_ext _ (fun k => (if Nat.eqb t k then 1 else 0) + gamma / INR t * sum (fun l => uniform_resolvent gamma l k) t)) by (intros; apply resolvent_spec).
  rewrite sum_plus. f_equal. rewrite (sum_single _ N t Ht); [now rewrite Nat.eqb_refl|].
  intros k _ Hk. destruct (Nat.eqb_spec t k); [congruence | easy].
Qed.

Lemma position_code_below gamma t : 0 <= gamma < 1 -> position_code gamma t <= / (1 - gamma).
Proof.
  intros Hg. assert (P : 0 < / (1 - gamma)) by (apply Rinv_0_lt_compat; lra).
  induction t as [t IH] using (well_founded_induction Wf_nat.lt_wf). rewrite position_code_spec.
  destruct t as [|t]; [simpl; assert (1 <= / (1 - gamma)) by (rewrite <- Rinv_1 at 1; apply Rinv_le_contravar; lra); lra|].
  apply Rle_trans with (1 + gamma / INR (S t) * (INR (S t) * / (1 - gamma))).
  - apply Rplus_le_compat_l, Rmult_le_compat_l; [apply Rmult_le_pos; [lra | left; apply Rinv_0_lt_compat, lt_0_INR; lia]|].
    rewrite <- sum_const. apply sum_le. intros; now apply IH.
  - right. field. split; [lra | apply not_0_INR; easy].
Qed.

Theorem lem_K_15_kernel_holds : lem_K_15_kernel.
Proof.
  intros beta mu T alpha (Hb & Hmu & Ha) gamma kernel.
  assert (Half : mu <= 1 / 2).
  { apply Rle_trans with (1 := proj2 Hmu). pose proof (pos_INR T).
    apply Rle_div_l; [lra|]. assert (beta * (1 - beta) <= 1) by nra. lra. }
  split.
  { intros i Hi. assert (E : kernel i i = alpha i i).
    { unfold kernel. replace (S i - i)%nat with 1%nat by lia. cbn [sum]. rewrite Nat.add_0_r, resolvent_spec, Nat.eqb_refl.
      rewrite (sum_all_zero _ i) by (intros; now apply resolvent_before). ring. }
    destruct (Ha i Hi) as (A0 & A1 & A2). simpl in A1.
    assert (0 <= sum (alpha i) i) by (apply sum_nonneg; intros; apply A0; lia). lra. }
  intros i j Hij. set (shape := Rpower (INR (S j)) (- gamma) * Rpower (INR (S i)) (- beta)).
  destruct (resolvent_order beta i j Hb ltac:(lia)) as [L U]. fold gamma shape in L, U.
  assert (Hg : 0 < gamma < 1) by (unfold gamma; lra).
  set (Th := uniform_resolvent gamma i) in *. assert (Pos : forall k, 0 <= Th k) by (intros; apply resolvent_nonneg; lra).
  assert (PT : 0 < INR T + 1) by (pose proof (pos_INR T); lra).
  (* mu/beta is at most a quarter of Theta_ij *)
  assert (Shape : / (INR T + 1) <= shape).
  { unfold shape, gamma. pose proof (INR_S_pos j). pose proof (INR_S_pos i).
    apply Rle_trans with (Rpower (INR (S i)) (- (1 - beta)) * Rpower (INR (S i)) (- beta)).
    - rewrite <- Rpower_plus. replace (- (1 - beta) + - beta) with (- (1)) by ring. rewrite Rpower_Ropp, Rpower_1 by lra.
      apply Rinv_le_contravar; [lra|]. rewrite <- S_INR. apply le_INR. lia.
    - apply Rmult_le_compat_r; [left; apply Rpower_pos|]. apply Rpower_ge_neg; [|lra]. split; [lra | apply le_INR; lia]. }
  assert (Quarter : mu * / beta <= Th j / 4).
  { apply Rle_trans with (gamma * / (INR T + 1) / 4).
    - apply Rle_trans with (beta * (1 - beta) / (4 * (INR T + 1)) * / beta).
      + apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; lra | easy].
      + right. unfold gamma. field. lra.
    - apply Rmult_le_compat_r; [lra|]. apply Rle_trans with (2 := L). apply Rmult_le_compat_l; lra. }
  destruct (Ha j ltac:(lia)) as (A0 & A1 & A2). simpl in A1.
  assert (Dj : 1 / 2 <= alpha j j <= 1).
  { assert (0 <= sum (alpha j) j) by (apply sum_nonneg; intros; apply A0; lia). lra. }
  (* the term of k = j, and the others *)
  assert (E : kernel i j = Th j * alpha j j + sum (fun k => Th (S j + k)%nat * alpha (S j + k)%nat j) (i - j)).
  { unfold kernel. replace (S i - j)%nat with (S (i - j)) by lia. rewrite sum_first, Nat.add_0_r. f_equal.
    apply sum_ext. intros k _. now replace (j + S k)%nat with (S j + k)%nat by lia. }
  assert (Rest : 0 <= sum (fun k => Th (S j + k)%nat * alpha (S j + k)%nat j) (i - j) <= mu * / beta).
  { split.
    - apply sum_nonneg. intros k Hk. apply Rmult_le_pos; [apply Pos|]. apply Ha; lia.
    - apply Rle_trans with (sum (fun k => Th (S j + k)%nat * mu) (i - j)).
      + apply sum_le. intros k Hk. apply Rmult_le_compat_l; [apply Pos|]. destruct (Ha (S j + k)%nat ltac:(lia)) as (B0 & _ & B2).
        apply Rle_trans with (2 := B2). apply (sum_term_le (alpha (S j + k)%nat)); [lia|]. intros; apply B0; lia.
      + rewrite sum_scal_r, Rmult_comm. apply Rmult_le_compat_l; [easy|].
        apply Rle_trans with (sum Th (S i)).
        * replace (S i) with (S j + (i - j))%nat by lia. rewrite sum_split.
          assert (0 <= sum Th (S j)) by (apply sum_nonneg; intros; apply Pos). lra.
        * unfold Th. rewrite row_sum by lia. eapply Rle_trans; [apply position_code_below; lra|].
          right. f_equal. unfold gamma. ring. }
  specialize (Pos j). rewrite E. split.
  - apply Rle_trans with (Th j * (1 / 2)); [lra|]. assert (Th j * (1 / 2) <= Th j * alpha j j) by (apply Rmult_le_compat_l; lra). lra.
  - assert (Th j * alpha j j <= Th j * 1) by (apply Rmult_le_compat_l; lra). lra.
Qed.

(** Rows that put everything on the token itself, but 1/100 on the first. *)
Theorem lem_K_15_kernel_instance : exists beta mu T alpha, lem_K_15_kernel_hypotheses beta mu T alpha.
Proof.
  exists (1 / 2), (1 / 100), 4%nat,
    (fun k j => if Nat.eqb k 0 then 1 else if Nat.eqb j k then 99 / 100 else if Nat.eqb j 0 then 1 / 100 else 0).
  unfold lem_K_15_kernel_hypotheses. split; [lra|]. split; [simpl; lra|]. intros k Hk. split; [|split].
  - intros j Hj. destruct (Nat.eqb k 0), (Nat.eqb j k), (Nat.eqb j 0); lra.
  - destruct k as [|[|[|[|[|k]]]]]; simpl; try lra; lia.
  - destruct k as [|[|[|[|[|k]]]]]; simpl; try lra; lia.
Qed.
