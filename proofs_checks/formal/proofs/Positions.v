(** Positions written by feedback: Corollary I.8, Lemma 4.10, Corollaries 4.11 to 4.13. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Euclid SoftmaxRows Normal Blocks.
Open Scope R_scope.

(** * The code *)

Lemma position_code_spec (gamma : R) (t : nat) :
  position_code gamma t = 1 + gamma / INR t * sum (position_code gamma) t.
Proof. unfold position_code. rewrite solution_spec, <- sum_scal. easy. Qed.

Lemma position_code_0 (gamma : R) : position_code gamma 0 = 1.
Proof. rewrite position_code_spec. simpl. ring. Qed.

(** t (c_t - 1) = gamma times the sum, for t = 0 too. *)
Lemma position_code_sum (gamma : R) (t : nat) :
  INR t * (position_code gamma t - 1) = gamma * sum (position_code gamma) t.
Proof.
  destruct t as [|t]; [simpl; ring|]. rewrite position_code_spec at 1. field. apply not_0_INR. easy.
Qed.

(** The difference of the recursion at t + 1 and at t: (t + 1) d_(t+1) = (t - 1 + gamma) d_t. *)
Theorem ours_position_step_holds : ours_position_step.
Proof.
  intros gamma t. induction t as [|t IH].
  - rewrite (position_code_spec gamma 1). simpl. rewrite position_code_0. field.
  - simpl prod. rewrite <- Rmult_assoc, <- IH.
    pose proof (position_code_sum gamma (S (S t))) as E2. pose proof (position_code_sum gamma (S t)) as E1.
    change (sum (position_code gamma) (S (S t))) with (sum (position_code gamma) (S t) + position_code gamma (S t)) in E2.
    pose proof (position_code_sum gamma t) as E0.
    change (sum (position_code gamma) (S t)) with (sum (position_code gamma) t + position_code gamma t) in E1.
    rewrite !S_INR in *. pose proof (pos_INR t).
    apply Rmult_eq_reg_l with (INR t + 2); [|lra].
    replace ((INR t + 2) * ((position_code gamma (S t) - position_code gamma t) * ((INR t + gamma) / (INR t + 2))))
      with ((position_code gamma (S t) - position_code gamma t) * (INR t + gamma)) by (field; lra).
    change (sum (position_code gamma) (S t)) with (sum (position_code gamma) t + position_code gamma t) in E2. nra.
Qed.

Definition step (gamma : R) (t : nat) : R := position_code gamma (S t) - position_code gamma t.

Lemma step_pos (gamma : R) (t : nat) : 0 < gamma -> 0 < step gamma t.
Proof.
  intros H. unfold step. rewrite ours_position_step_holds. apply Rmult_lt_0_compat; [easy|].
  apply prod_pos. intros i _. pose proof (pos_INR i). apply Rdiv_lt_0_compat; lra.
Qed.

(** Steps fall: each is the one before times (t + gamma)/(t + 2). *)
Lemma step_falls (gamma : R) (s t : nat) : 0 < gamma < 1 -> (s <= t)%nat -> step gamma t <= step gamma s.
Proof.
  intros H. induction 1 as [|t _ IH]; [lra|]. apply Rle_trans with (step gamma t); [|easy].
  pose proof (step_pos gamma t) as P. unfold step in *. rewrite !ours_position_step_holds in *. simpl prod.
  pose proof (pos_INR t). assert (Q : (INR t + gamma) / (INR t + 2) <= 1) by (apply Rle_div_l; lra).
  rewrite <- Rmult_assoc. specialize (P (proj1 H)). nra.
Qed.

Lemma code_rises (gamma : R) (s t : nat) : 0 < gamma -> (s <= t)%nat -> position_code gamma s <= position_code gamma t.
Proof.
  intros H. induction 1 as [|t _ IH]; [lra|]. pose proof (step_pos gamma t H). unfold step in *. lra.
Qed.

Lemma code_at_least_1 (gamma : R) (t : nat) : 0 < gamma -> 1 <= position_code gamma t.
Proof.
  intros H. replace 1 with (position_code gamma 0); [apply code_rises; [easy | lia]|].
  apply position_code_0.
Qed.

(** * The block that writes it *)

Definition writer (gamma lambda : R) (u : nat -> R) : block := {|
  W_a := fun _ _ => 0; b_a := fun j => if Nat.eqb j 0 then 1 else 0;
  W_g := fun _ _ => 0; b_g := fun j => if Nat.eqb j 0 then 1 else 0;
  W_Qf := fun _ _ => 0; W_Kf := fun _ _ => 0; W_Qb := fun _ _ => 0; W_Kb := fun _ _ => 0;
  W_V := fun i j => if Nat.eqb i 0 then (if Nat.eqb j 0 then / GELU 1 else 0) else 0;
  w_gamma := fun _ => 0; b_gamma := ln ((1 + gamma) / (1 - gamma)) / 2;
  W_out := fun i j => if Nat.eqb i 0 then lambda * u j else 0; b_out := fun _ => 0 |}.

Lemma writer_writes m d omega Norm gamma lambda u h t i :
  (1 <= m)%nat -> 0 < gamma < 1 -> (i < m)%nat ->
  block_output m d omega Norm (writer gamma lambda u) h t i = h t i + lambda * position_code gamma t * u i.
Proof.
  intros Hm Hg Hi. unfold block_output. simpl W_out. simpl b_out.
  rewrite (row_times_one m _ (fun j => lambda * u j) 0) by easy.
  assert (G : gate m Norm (writer gamma lambda u) h t 0 = 1) by (unfold gate; simpl; rewrite row_times_zero; ring).
  assert (S : state m d omega Norm (writer gamma lambda u) h t 0 = position_code gamma t).
  { unfold state, position_code. apply (solution_ext _ _ _ _ (S t)); [| | lia].
    - (* the gain is gamma, the feedback row is uniform *)
      intros i' j Hj. rewrite feedback_uniform by (easy || lia). unfold gain. simpl.
      rewrite inner_zero, Rplus_0_l, tanh_onto by lra. easy.
    - (* every value is 1 *)
      intros j _. apply forward_constant. intros k _. simpl W_V.
      rewrite (row_times_one m _ (fun j => if Nat.eqb j 0 then / GELU 1 else 0) 0) by easy.
      unfold activation. simpl. rewrite row_times_zero, Rplus_0_l. apply Rinv_r. pose proof (GELU_pos 1). lra. }
  rewrite G, S. ring.
Qed.

(** * The statements *)

(** Two positions are apart by at least the last step. *)
Lemma codes_apart (gamma : R) (s t T : nat) : 0 < gamma < 1 -> (s < t < T)%nat ->
  position_code gamma (T - 1) - position_code gamma (T - 2) <= position_code gamma t - position_code gamma s.
Proof.
  intros Hg H. replace (T - 1)%nat with (S (T - 2)) by lia. change (step gamma (T - 2) <= position_code gamma t - position_code gamma s).
  pose proof (step_falls gamma s (T - 2) Hg ltac:(lia)) as F.
  pose proof (code_rises gamma (S s) t ltac:(lra) ltac:(lia)) as R. unfold step in F at 2. lra.
Qed.

Theorem cor_I_8_holds : cor_I_8.
Proof.
  intros m d gamma (Hm & Hd & Hg) omega Norm u lambda c. split; [|split].
  - exists (writer gamma lambda u). intros h t i Hi. now apply writer_writes.
  - intros t. pose proof (step_pos gamma t (proj1 Hg)). unfold step in *. unfold c. lra.
  - intros T Rad Hu HR HT Hl s t v w Hst Hv Hw. rewrite !inner_plus, Hu.
    pose proof (inner_unit_bound m v u Rad Hu Hv) as Bv. pose proof (inner_unit_bound m w u Rad Hu Hw) as Bw.
    pose proof (codes_apart gamma s t T Hg Hst) as A. fold c in A.
    pose proof (step_pos gamma (T - 2) (proj1 Hg)) as P. unfold step in P.
    replace (S (T - 2)) with (T - 1)%nat in P by lia. fold c in P.
    apply Rlt_div_l in Hl; [|easy]. assert (0 <= lambda).
    { destruct (Rle_dec 0 lambda) as [L|L]; [easy|]. exfalso. apply Rnot_le_lt in L. nra. }
    assert (lambda * (c (T - 1)%nat - c (T - 2)%nat) <= lambda * (c t - c s)) by (apply Rmult_le_compat_l; easy). lra.
Qed.

Theorem cor_I_8_instance : exists m d gamma, cor_I_8_hypotheses m d gamma.
Proof. exists 4%nat, 2%nat, (1 / 2). unfold cor_I_8_hypotheses. repeat split; lia || lra. Qed.

(** R u and -R u meet half way. *)
Theorem ours_position_threshold_holds : ours_position_threshold.
Proof.
  intros m gamma u T Rad Hg Hu HT HR c lambda.
  pose proof (step_pos gamma (T - 2) (proj1 Hg)) as P. unfold step in P.
  replace (S (T - 2)) with (T - 1)%nat in P by lia. fold c in P.
  assert (N : norm2 m u = 1).
  { pose proof (inner_self m u) as E. rewrite Hu in E. pose proof (sqrt_pos (sum (fun i => u i ^ 2) m)).
    fold (norm2 m u) in *. nra. }
  assert (NR : forall a, Rabs a = Rad -> norm2 m (fun i => a * u i) <= Rad).
  { intros a Ha. rewrite norm2_scal, N, Ha. lra. }
  exists (fun i => Rad * u i), (fun i => - Rad * u i). split; [|split].
  - apply NR. apply Rabs_pos_eq. lra.
  - apply NR. rewrite Rabs_Ropp. apply Rabs_pos_eq. lra.
  - rewrite !inner_plus, Hu.
    replace (inner m (fun i => Rad * u i) u) with Rad by (rewrite (inner_ext m _ (fun i => 0 * u i + Rad * u i)), inner_plus, Hu by (intros; ring);
      replace (inner m (fun i => 0 * u i) u) with (0 * inner m u u) by (unfold inner; rewrite <- sum_scal; apply sum_ext; intros; ring); ring).
    replace (inner m (fun i => - Rad * u i) u) with (- Rad * inner m u u) by (unfold inner; rewrite <- sum_scal; apply sum_ext; intros; ring).
    rewrite Hu. unfold lambda. field. lra.
Qed.

(** The intervals of radius R around (2 R + 1) c_t / (the last step). *)
Lemma intervals_ordered (gamma Rad lambda : R) (T : nat) :
  0 < gamma < 1 -> 0 <= Rad -> 0 < lambda -> (2 * Rad < lambda * step gamma (T - 2)) ->
  ordered_intervals T (fun t => lambda * position_code gamma t - Rad) (fun t => lambda * position_code gamma t + Rad).
Proof.
  intros Hg HR Hl H. split; [|split].
  - (* the steps are at most c_1 - c_0 = gamma < 1 *)
    pose proof (code_at_least_1 gamma 0 (proj1 Hg)) as C. pose proof (step_falls gamma 0 (T - 2) Hg ltac:(lia)) as F.
    replace (step gamma 0) with gamma in F; [nra|].
    unfold step. rewrite ours_position_step_holds. simpl. ring.
  - intros; lra.
  - intros t Ht. pose proof (step_falls gamma t (T - 2) Hg ltac:(lia)) as F. unfold step in F at 2. nra.
Qed.

Definition scale (gamma Rad : R) (T : nat) : R := (2 * Rad + 1) / step gamma (T - 2).

Lemma scale_enough (gamma Rad : R) (T : nat) : 0 < gamma < 1 -> 0 <= Rad ->
  0 < scale gamma Rad T /\ 2 * Rad < scale gamma Rad T * step gamma (T - 2).
Proof.
  intros Hg HR. pose proof (step_pos gamma (T - 2) (proj1 Hg)). unfold scale. split.
  - apply Rdiv_lt_0_compat; lra.
  - replace ((2 * Rad + 1) / step gamma (T - 2) * step gamma (T - 2)) with (2 * Rad + 1) by (field; lra). lra.
Qed.

Theorem cor_4_11_holds : cor_4_11.
Proof.
  intros m d Rad (Hm & Hd & HR) T omega Norm e He.
  destruct (scale_enough (1 / 2) Rad T ltac:(lra) HR) as [L1 L2]. set (lambda := scale (1 / 2) Rad T) in *.
  exists (writer (1 / 2) lambda e), (fun t => lambda * position_code (1 / 2) t),
    (fun t => lambda * position_code (1 / 2) t - Rad), (fun t => lambda * position_code (1 / 2) t + Rad).
  split; [|split; [|split]].
  - intros h t i Hi. apply writer_writes; (easy || lra).
  - intros t. pose proof (step_pos (1 / 2) t ltac:(lra)). unfold step in *. nra.
  - apply intervals_ordered; (easy || lra).
  - intros h t Ht Hh.
    rewrite (inner_ext m _ (fun i => h t i + lambda * position_code (1 / 2) t * e i)) by (intros; apply writer_writes; (easy || lra)).
    rewrite inner_plus, He. pose proof (inner_unit_bound m (h t) e Rad He Hh). lra.
Qed.

Lemma first_unit_vector (m : nat) : (1 <= m)%nat ->
  inner m (fun i => if Nat.eqb i 0 then 1 else 0) (fun i => if Nat.eqb i 0 then 1 else 0) = 1.
Proof.
  intros H. unfold inner. rewrite (sum_single _ m 0) by (lia || (intros i _ Hi; apply Nat.eqb_neq in Hi; rewrite Hi; ring)).
  simpl. ring.
Qed.

Theorem lem_4_10_holds : lem_4_10.
Proof.
  intros m d Rad H T omega Norm. pose proof (first_unit_vector m (proj1 H)) as He.
  destruct (cor_4_11_holds m d Rad H T omega Norm _ He) as (p & lambda & low & high & W & L & O & B).
  exists p, (fun t i => lambda t * (if Nat.eqb i 0 then 1 else 0)), (fun i => if Nat.eqb i 0 then 1 else 0), low, high.
  split; [exact W|]. split; [exact He|]. split; [exact O|]. intros h t Ht Hh.
  rewrite <- (inner_ext m (fun i => block_output m d omega Norm p h t i)) by (intros; now apply W). now apply B.
Qed.

Theorem lem_4_10_instance : exists m d Rad, lem_4_10_hypotheses m d Rad.
Proof. exists 4%nat, 2%nat, 1. unfold lem_4_10_hypotheses. repeat split; lia || lra. Qed.

Theorem cor_4_12_holds : cor_4_12.
Proof.
  intros m G e_pos e_sig lambda [HG Ho] h tau a t.
  assert (A : forall i, (i < m)%nat -> G (moved h a e_sig tau) t i = G h t i + (if Nat.eqb t tau then a * e_sig i else 0)).
  { intros i Hi. rewrite !HG by easy. unfold moved. ring. }
  split; [exact A|]. rewrite (inner_ext m _ (fun i => G h t i + (if Nat.eqb t tau then a else 0) * e_sig i)).
  - rewrite inner_plus, Ho. ring.
  - intros i Hi. rewrite A by easy. destruct (Nat.eqb t tau); ring.
Qed.

(** In the plane: positions on the first axis, signals on the second. *)
Theorem cor_4_12_instance : exists m G e_pos e_sig lambda, cor_4_12_hypotheses m G e_pos e_sig lambda.
Proof.
  exists 2%nat, (fun h t i => h t i + INR (S t) * (if Nat.eqb i 0 then 3 / 5 else 4 / 5)),
    (fun i => if Nat.eqb i 0 then 3 / 5 else 4 / 5), (fun i => if Nat.eqb i 0 then 4 / 5 else - (3 / 5)), (fun t => INR (S t)).
  split; [easy|]. unfold inner. simpl. field.
Qed.

(** * Reading the position *)

(** 0 up to a, 1 from b on, linear between. *)
Definition ramp (a b x : R) : R := (Rabs ((x - a) / (b - a)) - Rabs ((x - a) / (b - a) - 1) + 1) / 2.

Lemma ramp_before (a b x : R) : a < b -> x <= a -> ramp a b x = 0.
Proof.
  intros H Hx. assert ((x - a) / (b - a) <= 0) by (apply Rle_div_l; lra).
  unfold ramp. rewrite !Rabs_left1 by lra. field. lra.
Qed.

Lemma ramp_after (a b x : R) : a < b -> b <= x -> ramp a b x = 1.
Proof.
  intros H Hx. assert (1 <= (x - a) / (b - a)) by (apply Rle_div_r; lra).
  unfold ramp. rewrite !Rabs_pos_eq by lra. field. lra.
Qed.

Lemma continuous_ramp (a b x : R) : continuous (ramp a b) x.
Proof.
  assert (L : forall c, continuous (fun y => (y - a) / (b - a) - c) x).
  { intros c. apply (ex_derive_continuous (fun y => (y - a) / (b - a) - c)). auto_derive. easy. }
  unfold ramp. apply (continuous_scal_l (K := R_AbsRing) (V := R_NormedModule) (fun y => Rabs ((y - a) / (b - a)) - Rabs ((y - a) / (b - a) - 1) + 1) (/ 2)).
  apply (continuous_plus (K := R_AbsRing) (V := R_NormedModule)); [|apply continuous_const].
  apply (continuous_minus (K := R_AbsRing) (V := R_NormedModule)).
  - apply continuous_ext with (fun y => Rabs ((y - a) / (b - a) - 0)); [intros; f_equal; ring|].
    apply (continuous_comp _ Rabs); [apply L | apply continuous_Rabs].
  - apply (continuous_comp _ Rabs); [apply L | apply continuous_Rabs].
Qed.

Lemma continuous_sum (f : nat -> R -> R) (n : nat) (x : R) :
  (forall i, continuous (f i) x) -> continuous (fun y => sum (fun i => f i y) n) x.
Proof.
  intros H. induction n as [|n IH]; simpl; [apply continuous_const|].
  now apply (continuous_plus (K := R_AbsRing) (V := R_NormedModule)).
Qed.

(** A continuous function of <z, e> is a continuous function of the token. *)
Lemma continuous_of_inner (m : nat) (e : nat -> R) (g : R -> R) :
  (forall x, continuous g x) -> continuous_token_map m (fun z => g (inner m z e)).
Proof.
  intros Hg z eps He. destruct (proj1 (filterlim_locally g (g (inner m z e))) (Hg _) (mkposreal eps He)) as [d Hd].
  set (M := sum (fun i => Rabs (e i)) m). assert (0 <= M) by (apply sum_nonneg; intros; apply Rabs_pos).
  pose proof (cond_pos d) as D. exists (d / (M + 1)). split; [apply Rdiv_lt_0_compat; lra|].
  intros y Hy. apply (Hd (inner m y e)). unfold ball. simpl. unfold AbsRing_ball, abs, minus, plus, opp. simpl.
  replace (inner m y e + - inner m z e) with (sum (fun i => (y i - z i) * e i) m).
  - eapply Rle_lt_trans; [apply sum_Rabs_le|]. apply Rle_lt_trans with (sum (fun i => d / (M + 1) * Rabs (e i)) m).
    + apply sum_le. intros i Hi. rewrite Rabs_mult. apply Rmult_le_compat_r; [apply Rabs_pos | left; now apply Hy].
    + rewrite sum_scal. fold M. apply Rmult_lt_reg_r with (M + 1); [lra|].
      replace (d / (M + 1) * M * (M + 1)) with (d * M) by (field; lra). nra.
  - change (sum (fun i => (y i - z i) * e i) m = inner m y e - inner m z e). unfold inner. rewrite <- sum_minus. apply sum_ext. intros; ring.
Qed.

Lemma intervals_sorted (T : nat) (low high : nat -> R) (s t : nat) :
  ordered_intervals T low high -> (s < t < T)%nat -> high s < low t.
Proof.
  intros (_ & Hl & Hn) [Hst Ht]. induction Hst as [|t Hst IH]; [now apply Hn|].
  specialize (IH ltac:(lia)). specialize (Hl t ltac:(lia)). specialize (Hn t ltac:(lia)). lra.
Qed.

(** One ramp over each gap: at a point of J_t those before t are 1, the others 0. *)
Theorem cor_4_13_holds : cor_4_13.
Proof.
  intros T low high H m e. set (g := fun x => sum (fun s => ramp (high s) (low (S s)) x) (T - 1)).
  exists (fun z => g (inner m z e)). split.
  - apply continuous_of_inner. intros x. apply continuous_sum. intros; apply continuous_ramp.
  - intros t z Ht Hz. unfold g. replace (T - 1)%nat with (t + (T - 1 - t))%nat by lia. rewrite sum_split.
    destruct H as (H0 & Hl & Hn). assert (O : ordered_intervals T low high) by easy.
    rewrite (sum_ext _ (fun _ => 1) t), (sum_ext _ (fun _ => 0) (T - 1 - t)).
    + rewrite sum_const, sum_zero. ring.
    + intros i Hi. apply ramp_before; [apply Hn; lia|].
      destruct (Nat.eq_dec i 0) as [->|Hi0]; [rewrite Nat.add_0_r; lra|].
      pose proof (intervals_sorted T low high t (t + i) O ltac:(lia)). specialize (Hl (t + i)%nat ltac:(lia)). lra.
    + intros i Hi. apply ramp_after; [apply Hn; lia|].
      destruct (Nat.eq_dec (S i) t) as [<-|Hi0]; [lra|].
      pose proof (intervals_sorted T low high (S i) t O ltac:(lia)). specialize (Hl (S i) ltac:(lia)). lra.
Qed.

Theorem cor_4_13_instance : exists T low high, cor_4_13_hypotheses T low high.
Proof.
  exists 3%nat, (fun t => INR t + 1), (fun t => INR t + 3 / 2). unfold cor_4_13_hypotheses, ordered_intervals.
  split; [simpl; lra|]. split; intros t Ht; [lra | rewrite S_INR; lra].
Qed.
