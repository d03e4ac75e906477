(** The kernel of a macro-layer: uniform feedback behind the uniform mean of a profile times the signal (K.22). *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Blocks Positions Profiles UniformTransport.
Open Scope R_scope.

(** * Sums of (k+1)^(-1-gamma) from j on, by telescoping *)

(** (x+1)^(-g) >= x^(-g) (1 - g/x). *)
Lemma falls_slowly g x : 0 <= g <= 1 -> 1 <= x -> Rpower x (- g) - Rpower (x + 1) (- g) <= g * (Rpower x (- g) / x).
Proof.
  intros Hg Hx. assert (P : 0 < (x + 1) / x) by (apply Rdiv_lt_0_compat; lra).
  pose proof (Bernoulli ((x + 1) / x) g P Hg) as B. replace (1 + g * ((x + 1) / x - 1)) with (1 + g / x) in B by (field; lra).
  assert (E : Rpower x (- g) = Rpower (x + 1) (- g) * Rpower ((x + 1) / x) g).
  { replace (x + 1) with (x * ((x + 1) / x)) at 1 by (field; lra). rewrite <- Rpower_mult_distr by lra.
    rewrite Rmult_assoc, <- Rpower_plus. replace (- g + g) with 0 by ring. rewrite Rpower_O by easy. ring. }
  pose proof (Rpower_pos (x + 1) (- g)) as P1. pose proof (Rpower_pos x (- g)) as P2.
  assert (Q : 0 <= g / x) by (apply Rmult_le_pos; [lra | left; apply Rinv_0_lt_compat; lra]).
  assert (H : Rpower x (- g) <= Rpower (x + 1) (- g) * (1 + g / x)) by (rewrite E; apply Rmult_le_compat_l; lra).
  assert (H2 : Rpower (x + 1) (- g) <= Rpower x (- g)) by (apply Rpower_ge_neg; lra).
  replace (g * (Rpower x (- g) / x)) with (Rpower x (- g) * (g / x)) by (field; lra). nra.
Qed.

(** x^(-1-g) <= ((x-1)^(-g) - x^(-g))/g, with x = y + 1. *)
Lemma falls_fast g y : 0 < g <= 1 -> 1 <= y -> g * (Rpower (y + 1) (- g) / (y + 1)) <= Rpower y (- g) - Rpower (y + 1) (- g).
Proof.
  intros Hg Hy. pose proof (factor_upper g (y + 1) ltac:(lra) ltac:(lra)) as F. replace (y + 1 - 1) with y in F by ring.
  assert (P : 0 < (y + 1) / y) by (apply Rdiv_lt_0_compat; lra).
  assert (E : Rpower y (- g) = Rpower (y + 1) (- g) * Rpower ((y + 1) / y) g).
  { replace (y + 1) with (y * ((y + 1) / y)) at 1 by (field; lra). rewrite <- Rpower_mult_distr by lra.
    rewrite Rmult_assoc, <- Rpower_plus. replace (- g + g) with 0 by ring. rewrite Rpower_O by easy. ring. }
  pose proof (Rpower_pos (y + 1) (- g)) as P1.
  replace (g * (Rpower (y + 1) (- g) / (y + 1))) with (Rpower (y + 1) (- g) * (g / (y + 1))) by (field; lra).
  rewrite E. nra.
Qed.

Definition term (g : R) (k : nat) : R := Rpower (INR (S k)) (- g) / INR (S k).

Lemma term_sum_lower g j n : 0 <= g <= 1 ->
  Rpower (INR (S j)) (- g) - Rpower (INR (S (j + n))) (- g) <= g * sum (fun k => term g (j + k)%nat) n.
Proof.
  intros Hg. induction n as [|n IH]; [rewrite Nat.add_0_r; simpl; lra|].
  change (sum (fun k => term g (j + k)%nat) (S n)) with (sum (fun k => term g (j + k)%nat) n + term g (j + n)).
  pose proof (falls_slowly g (INR (S (j + n))) Hg (INR_S_pos _)) as F. rewrite <- S_INR in F.
  replace (j + S n)%nat with (S (j + n)) by lia. unfold term in *. lra.
Qed.

Lemma term_sum_upper g j n : 0 < g <= 1 ->
  g * sum (fun k => term g (j + k)%nat) n <= (1 + g) * Rpower (INR (S j)) (- g) .
Proof.
  intros Hg. destruct n as [|n].
  { simpl. rewrite Rmult_0_r. apply Rmult_le_pos; [lra | left; apply Rpower_pos]. }
  enough (H : g * sum (fun k => term g (j + k)%nat) (S n) <= (1 + g) * Rpower (INR (S j)) (- g) - Rpower (INR (S (j + n))) (- g))
    by (pose proof (Rpower_pos (INR (S (j + n))) (- g)); lra).
  induction n as [|n IH].
  - simpl sum. rewrite !Nat.add_0_r. unfold term. pose proof (INR_S_pos j). pose proof (Rpower_pos (INR (S j)) (- g)).
    assert (Rpower (INR (S j)) (- g) / INR (S j) <= Rpower (INR (S j)) (- g)) by (apply Rle_div_l; nra). nra.
  - change (sum (fun k => term g (j + k)%nat) (S (S n))) with (sum (fun k => term g (j + k)%nat) (S n) + term g (j + S n)).
    pose proof (falls_fast g (INR (S (j + n))) Hg (INR_S_pos _)) as F. rewrite <- S_INR in F.
    unfold term at 2. replace (j + S n)%nat with (S (j + n)) by lia. lra.
Qed.

(** * The sums of the macro-layer *)

Lemma macro_split gamma i j : (j <= i)%nat ->
  macro_sum gamma i j = sum (fun k => uniform_resolvent gamma i (j + k)%nat / INR (S (j + k))) (i - j) + / INR (S i).
Proof.
  intros H. unfold macro_sum. replace (S i - j)%nat with (S (i - j)) by lia.
  change (sum (fun k => uniform_resolvent gamma i (j + k)%nat / INR (S (j + k))) (i - j)
          + uniform_resolvent gamma i (j + (i - j))%nat / INR (S (j + (i - j)))
          = sum (fun k => uniform_resolvent gamma i (j + k)%nat / INR (S (j + k))) (i - j) + / INR (S i)).
  replace (j + (i - j))%nat with i by lia. rewrite (resolvent_spec gamma i i), Nat.eqb_refl.
  assert (Z : sum (fun k => uniform_resolvent gamma k i) i = 0).
  { rewrite (sum_ext _ (fun _ => 0)); [apply sum_zero|]. intros; now apply resolvent_before. }
  rewrite Z. unfold Rdiv. ring.
Qed.

(** (i+1)^(-gamma) (i+1)^(-beta) is 1/(i+1). *)
Lemma last_shape beta i : Rpower (INR (S i)) (- (1 - beta)) * Rpower (INR (S i)) (- beta) = / INR (S i).
Proof.
  pose proof (INR_S_pos i). rewrite <- Rpower_plus. replace (- (1 - beta) + - beta) with (- (1)) by ring.
  rewrite Rpower_Ropp, Rpower_1 by lra. easy.
Qed.

Lemma resolvent_terms beta i j n : 0 < beta < 1 -> (j + n <= i)%nat ->
  (1 - beta) * sum (fun k => term (1 - beta) (j + k)%nat) n * Rpower (INR (S i)) (- beta)
    <= sum (fun k => uniform_resolvent (1 - beta) i (j + k)%nat / INR (S (j + k))) n
    <= 4 * ((1 - beta) * sum (fun k => term (1 - beta) (j + k)%nat) n) * Rpower (INR (S i)) (- beta).
Proof.
  intros Hb Hn. rewrite <- !sum_scal, <- !sum_scal_r.
  split; apply sum_le; intros k Hk; destruct (resolvent_order beta i (j + k) Hb ltac:(lia)) as [L U];
    assert (P : 0 < / INR (S (j + k))) by (apply Rinv_0_lt_compat; pose proof (INR_S_pos (j + k)); lra); unfold term, Rdiv; nra.
Qed.

Lemma macro_lower beta i j : 0 < beta < 1 -> (j <= i)%nat ->
  Rpower (INR (S j)) (- (1 - beta)) * Rpower (INR (S i)) (- beta) <= macro_sum (1 - beta) i j.
Proof.
  intros Hb Hij. rewrite macro_split by easy. destruct (resolvent_terms beta i j (i - j) Hb ltac:(lia)) as [L _].
  pose proof (term_sum_lower (1 - beta) j (i - j) ltac:(lra)) as T. replace (j + (i - j))%nat with i in T by lia.
  rewrite <- (last_shape beta i). pose proof (Rpower_pos (INR (S i)) (- beta)).
  apply (Rmult_le_compat_r (Rpower (INR (S i)) (- beta))) in T; [|lra]. lra.
Qed.

(** At i = j + 1 the sum is 1/(i+1) + gamma/i^2. *)
Lemma macro_next gamma j : macro_sum gamma (S j) j = gamma / INR (S j) ^ 2 + / INR (S (S j)).
Proof.
  rewrite macro_split by lia. replace (S j - j)%nat with 1%nat by lia. cbn [sum]. rewrite Nat.add_0_r.
  pose proof (resolvent_after gamma j 0) as E. rewrite Nat.add_0_r in E. rewrite E. unfold growth. cbn [prod].
  pose proof (INR_S_pos j). pose proof (INR_S_pos (S j)). field. repeat split; lra.
Qed.

Theorem ours_macro_sums_holds : ours_macro_sums.
Proof.
  intros beta Hb. split; [intros; now apply macro_lower|]. intros c H. destruct (Rle_dec c 1) as [|Hc]; [easy|]. exfalso.
  (* otherwise (c - 1) x <= 2 for all whole numbers x = j + 1 *)
  assert (Hx : forall j, (c - 1) * INR (S j) <= 2).
  { intros j. specialize (H (S j) j ltac:(lia)). rewrite macro_next in H. pose proof (INR_S_pos j) as P.
    assert (L : / INR (S (S j)) <= Rpower (INR (S j)) (- (1 - beta)) * Rpower (INR (S (S j))) (- beta)).
    { rewrite <- (last_shape beta (S j)). apply Rmult_le_compat_r; [left; apply Rpower_pos|]. apply Rpower_ge_neg; [|lra].
      split; [lra | apply le_INR; lia]. }
    apply (Rmult_le_compat_l c) in L; [|lra]. rewrite (S_INR (S j)) in L, H. set (x := INR (S j)) in *.
    assert (K : (c - 1) * / (x + 1) <= (1 - beta) / x ^ 2) by lra.
    apply (Rmult_le_compat_r (x * (x + 1))) in K; [|nra].
    replace ((c - 1) * / (x + 1) * (x * (x + 1))) with ((c - 1) * x) in K by (field; lra).
    replace ((1 - beta) / x ^ 2 * (x * (x + 1))) with ((1 - beta) * (1 + / x)) in K by (field; lra).
    assert (/ x <= 1) by (rewrite <- Rinv_1; apply Rinv_le_contravar; lra). nra. }
  destruct (nfloor_ex (2 / (c - 1))) as [n Hn]; [apply Rdiv_le_0_compat; lra|]. specialize (Hx n). rewrite S_INR in Hx.
  assert (2 < (c - 1) * (INR n + 1)); [|lra]. apply Rmult_lt_reg_l with (/ (c - 1)); [apply Rinv_0_lt_compat; lra|].
  replace (/ (c - 1) * 2) with (2 / (c - 1)) by (field; lra). rewrite <- Rmult_assoc, Rinv_l by lra. lra.
Qed.

Lemma macro_upper beta i j : 0 < beta < 1 -> (j <= i)%nat ->
  macro_sum (1 - beta) i j <= 9 * (Rpower (INR (S j)) (- (1 - beta)) * Rpower (INR (S i)) (- beta)).
Proof.
  intros Hb Hij. rewrite macro_split by easy. destruct (resolvent_terms beta i j (i - j) Hb ltac:(lia)) as [_ U].
  pose proof (term_sum_upper (1 - beta) j (i - j) ltac:(lra)) as T. rewrite <- (last_shape beta i).
  pose proof (Rpower_pos (INR (S i)) (- beta)) as P. pose proof (INR_S_pos j). pose proof (Rpower_pos (INR (S j)) (- (1 - beta))) as P2.
  assert (Q : Rpower (INR (S i)) (- (1 - beta)) <= Rpower (INR (S j)) (- (1 - beta))).
  { apply Rpower_ge_neg; [|lra]. split; [lra | apply le_INR; lia]. }
  apply (Rmult_le_compat_r (Rpower (INR (S i)) (- beta))) in T; [|lra].
  apply (Rmult_le_compat_r (Rpower (INR (S i)) (- beta))) in Q; [|lra].
  assert (Rpower (INR (S j)) (- (1 - beta)) * Rpower (INR (S i)) (- beta) * (1 + (1 - beta)) <= Rpower (INR (S j)) (- (1 - beta)) * Rpower (INR (S i)) (- beta) * 2).
  { apply Rmult_le_compat_l; [left; now apply Rmult_lt_0_compat | lra]. }
  lra.
Qed.

Theorem lem_K_22_kernel_holds : lem_K_22_kernel.
Proof.
  intros beta mu low high T alpha r (Hb & Hmu & Hlow & Ha & Hr) m.
  set (g := 1 - beta). assert (Hg : 0 < g < 1) by (unfold g; lra).
  assert (Pw : forall t, 0 < Rpower (INR (S t)) g) by (intros; apply Rpower_pos).
  (* the mixed profile is of the same order *)
  assert (M : forall t, (t <= T)%nat -> (1 - mu) * low * Rpower (INR (S t)) g <= m t <= high * Rpower (INR (S t)) g).
  { intros t Ht. destruct (Ha t Ht) as (A0 & A1 & A2). unfold m. split.
    - assert (0 <= sum (fun j => alpha t j * r j) t).
      { apply sum_nonneg. intros j Hj. apply Rmult_le_pos; [apply A0; lia|]. destruct (Hr j ltac:(lia)). specialize (Pw j). fold g in H. nra. }
      simpl in A1. change (sum (fun j => alpha t j * r j) (S t)) with (sum (fun j => alpha t j * r j) t + alpha t t * r t).
      destruct (Hr t Ht) as [R1 _]. fold g in R1. specialize (Pw t).
      assert (0 <= low * Rpower (INR (S t)) g) by (apply Rmult_le_pos; lra).
      assert ((1 - mu) * (low * Rpower (INR (S t)) g) <= alpha t t * r t) by (apply Rmult_le_compat; lra). lra.
    - apply Rle_trans with (sum (fun j => alpha t j * (high * Rpower (INR (S t)) g)) (S t)); [|rewrite sum_scal_r, A1; lra].
      apply sum_le. intros j Hj. apply Rmult_le_compat_l; [apply A0; lia|]. destruct (Hr j ltac:(lia)) as [R1 R2]. fold g in R1, R2.
      apply Rle_trans with (1 := R2). pose proof (Pw j). assert (0 < high) by nra.
      apply Rmult_le_compat_l; [lra|]. apply Rpower_le; [|lra]. split; [pose proof (INR_S_pos j); lra | apply le_INR; lia]. }
  assert (Hhigh : 0 < high) by (destruct (Hr 0%nat ltac:(lia)) as [R1 R2]; fold g in R1, R2; specialize (Pw 0%nat); nra).
  split.
  - intros i Hi. destruct (M i Hi) as [M1 M2]. pose proof (INR_S_pos i) as Pi. specialize (Pw i).
    assert (0 < / INR (S i)) by (apply Rinv_0_lt_compat; lra).
    assert (0 <= m i) by (apply Rle_trans with (2 := M1); apply Rmult_le_pos; [apply Rmult_le_pos; lra | lra]).
    assert (Rpower (INR (S i)) g <= INR (S i)).
    { rewrite <- (Rpower_1 (INR (S i))) at 2 by lra. apply Rle_Rpower; lra. }
    split; [assert (0 <= m i / INR (S i)) by (apply Rmult_le_pos; lra); lra|].
    assert (m i / INR (S i) <= high); [|lra]. apply Rle_div_l; [lra|]. apply Rle_trans with (1 := M2). apply Rmult_le_compat_l; lra.
  - intros i j Hij. destruct (M j ltac:(lia)) as [M1 M2]. pose proof (Pw j) as Pj.
    pose proof (Rpower_pos (INR (S i)) (- beta)) as Pi.
    assert (E : Rpower (INR (S j)) g * Rpower (INR (S j)) (- g) = 1).
    { rewrite <- Rpower_plus, Rplus_opp_r. apply Rpower_O. pose proof (INR_S_pos j). lra. }
    pose proof (macro_lower beta i j Hb ltac:(lia)) as L. pose proof (macro_upper beta i j Hb ltac:(lia)) as U. fold g in L, U.
    pose proof (Rpower_pos (INR (S j)) (- g)) as Pj2. set (a := Rpower (INR (S j)) g) in *. set (b := Rpower (INR (S j)) (- g)) in *.
    set (w := Rpower (INR (S i)) (- beta)) in *. set (Lm := macro_sum (1 - beta) i j) in *. change (macro_sum g i j) with Lm in L, U.
    assert (Pos : 0 <= (1 - mu) * low * a) by (apply Rmult_le_pos; [apply Rmult_le_pos; lra | lra]).
    assert (Upper : m j * Lm <= 9 * high * w).
    { apply Rle_trans with (high * a * (9 * (b * w))).
      - apply Rmult_le_compat; [lra | | lra | easy]. apply Rle_trans with (2 := L). apply Rmult_le_pos; lra.
      - replace (high * a * (9 * (b * w))) with (9 * high * w * (a * b)) by ring. rewrite E. lra. }
    split; [split; [|exact Upper]|].
    + apply Rle_trans with ((1 - mu) * low * a * (b * w)); [|apply Rmult_le_compat; [easy | apply Rmult_le_pos; lra | lra | easy]].
      replace ((1 - mu) * low * a * (b * w)) with ((1 - mu) * low * w * (a * b)) by ring. rewrite E. lra.
    + apply Rle_trans with (1 := Upper). apply Rmult_le_compat_l; [lra|]. apply Rpower_ge_neg; [|lra].
      split; [pose proof (INR_S_pos (i - j)); lra | apply le_INR; lia].
Qed.

(** The profile itself, rows that look at the token alone. *)
Theorem lem_K_22_kernel_instance : exists beta mu low high T alpha r, lem_K_22_kernel_hypotheses beta mu low high T alpha r.
Proof.
  exists (1 / 2), (1 / 4), 1, 1, 4%nat,
    (fun k j => if Nat.eqb k 0 then 1 else if Nat.eqb j k then 3 / 4 else if Nat.eqb j 0 then 1 / 4 else 0), (fun t => Rpower (INR (S t)) (1 - 1 / 2)).
  unfold lem_K_22_kernel_hypotheses. split; [lra|]. split; [lra|]. split; [lra|]. split; [|intros; lra]. intros k Hk. split; [|split].
  - intros j Hj. destruct (Nat.eqb k 0), (Nat.eqb j k), (Nat.eqb j 0); lra.
  - destruct k as [|[|[|[|[|k]]]]]; simpl; try lra; lia.
  - destruct k as [|[|[|[|[|k]]]]]; simpl; try lra; lia.
Qed.
