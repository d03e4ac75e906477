(** Powers of integers: Bernoulli's inequalities, sums of powers, harmonic numbers and logarithms. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Vectors Powers.
Open Scope R_scope.

Lemma Rpower_1_l s : Rpower 1 s = 1.
Proof. unfold Rpower. now rewrite ln_1, Rmult_0_r, exp_0. Qed.

Lemma ln_mono x y : 0 < x <= y -> ln x <= ln y.
Proof. intros [Hx [H| ->]]; [left; now apply ln_increasing | lra]. Qed.

Lemma Rpower_anti a b s : s <= 0 -> 0 < a <= b -> Rpower b s <= Rpower a s.
Proof.
  intros Hs Hab. unfold Rpower. apply exp_le_incr.
  assert (ln a <= ln b) by (apply ln_mono; lra).
  replace (s * ln b) with (- (- s * ln b)) by ring. replace (s * ln a) with (- (- s * ln a)) by ring.
  apply Ropp_le_contravar, Rmult_le_compat_l; lra.
Qed.

Lemma Rpower_S x s : 0 < x -> x * Rpower x (s - 1) = Rpower x s.
Proof. intros Hx. rewrite <- (Rpower_1 x) at 1 by easy. rewrite <- Rpower_plus. f_equal; ring. Qed.

Lemma Rpower_INR_pow x k s : Rpower x (INR k * s) = Rpower x s ^ k.
Proof. rewrite Rmult_comm, <- Rpower_mult. apply Rpower_pow, Rpower_pos. Qed.

Lemma INR_pos n : (1 <= n)%nat -> 1 <= INR n.
Proof. intros H. now apply (le_INR 1). Qed.

(** r^s <= 1 + s (r - 1) for 0 < s <= 1. *)
Lemma bernoulli_le r s : 0 < r -> 0 < s <= 1 -> Rpower r s <= 1 + s * (r - 1).
Proof. intros Hr Hs. pose proof (bernoulli s (r - 1) ltac:(lra) ltac:(lra)) as B. now replace (1 + (r - 1)) with r in B by ring. Qed.

(** r^s >= 1 + s (r - 1) for s >= 1: the inverse power of the same. *)
Lemma bernoulli_ge r s : 0 < r -> 1 <= s -> 1 + s * (r - 1) <= Rpower r s.
Proof.
  intros Hr Hs. destruct (Rle_dec (1 + s * (r - 1)) 0) as [Hw|Hw]; [pose proof (Rpower_pos r s); lra|].
  assert (I : 0 < / s) by (apply Rinv_0_lt_compat; lra).
  pose proof (bernoulli_le (1 + s * (r - 1)) (/ s) ltac:(lra)) as B.
  assert (/ s <= 1) by (rewrite <- Rinv_1; apply Rinv_le_contravar; lra).
  specialize (B ltac:(lra)). replace (1 + / s * (1 + s * (r - 1) - 1)) with r in B by (field; lra).
  apply (fun H => Rle_Rpower_l _ _ s ltac:(lra) (conj (Rpower_pos _ _) H)) in B.
  rewrite Rpower_mult, Rinv_l, Rpower_1 in B by lra. exact B.
Qed.

(** y^s - (y-1)^s against s y^(s-1): y^s times what Bernoulli's inequality bounds. *)
Lemma power_step y s : 1 < y ->
  Rpower y s - Rpower (y - 1) s - s * Rpower y (s - 1) = Rpower y s * (1 + s * ((y - 1) / y - 1) - Rpower ((y - 1) / y) s).
Proof.
  intros Hy. replace (y - 1) with (y * ((y - 1) / y)) at 1 by (field; lra).
  rewrite <- Rpower_mult_distr by (try apply Rdiv_lt_0_compat; lra). rewrite <- (Rpower_S y s) by lra. field. lra.
Qed.

Lemma power_step_ge y s : 1 < y -> 0 < s <= 1 -> s * Rpower y (s - 1) <= Rpower y s - Rpower (y - 1) s.
Proof.
  intros Hy Hs. pose proof (power_step y s Hy). pose proof (bernoulli_le ((y - 1) / y) s ltac:(apply Rdiv_lt_0_compat; lra) Hs).
  pose proof (Rpower_pos y s). nra.
Qed.

Lemma power_step_le y s : 1 < y -> 1 <= s -> Rpower y s - Rpower (y - 1) s <= s * Rpower y (s - 1).
Proof.
  intros Hy Hs. pose proof (power_step y s Hy). pose proof (bernoulli_ge ((y - 1) / y) s ltac:(apply Rdiv_lt_0_compat; lra) Hs).
  pose proof (Rpower_pos y s). nra.
Qed.

Definition upper_factor (s : R) : R := Rmax 1 (/ s).
Definition lower_factor (s : R) : R := Rmin 1 (/ s).

Lemma lower_factor_pos s : 0 < s -> 0 < lower_factor s.
Proof. intros Hs. apply Rmin_glb_lt; [lra | now apply Rinv_0_lt_compat]. Qed.

Lemma upper_factor_pos s : 0 < upper_factor s.
Proof. apply Rlt_le_trans with 1; [lra | apply Rmax_l]. Qed.

(** 1^(s-1) + ... + M^(s-1) is between lower_factor M^s and upper_factor M^s. *)
Lemma power_sum_upper s M : 0 < s -> (1 <= M)%nat ->
  sum (fun i => Rpower (INR (S i)) (s - 1)) M <= upper_factor s * Rpower (INR M) s.
Proof.
  intros Hs HM. destruct (Rle_dec 1 s) as [H1|H1].
  - apply Rle_trans with (1 * Rpower (INR M) s).
    + rewrite <- (Rpower_S (INR M)) by (pose proof (INR_pos M HM); lra). rewrite Rmult_1_l, <- sum_const. apply sum_le.
      intros i Hi. apply Rle_Rpower_l; [lra|]. split; [pose proof (INR_pos (S i) ltac:(lia)); lra | apply le_INR; lia].
    + apply Rmult_le_compat_r; [left; apply Rpower_pos | apply Rmax_l].
  - apply Rle_trans with (/ s * Rpower (INR M) s).
    + induction HM as [|M HM IH].
      * simpl. rewrite !Rpower_1_l. assert (1 <= / s) by (rewrite <- Rinv_1; apply Rinv_le_contravar; lra). lra.
      * cbn [sum]. pose proof (INR_pos M HM). pose proof (power_step_ge (INR (S M)) s) as P.
        rewrite S_INR in *. specialize (P ltac:(lra) ltac:(lra)). replace (INR M + 1 - 1) with (INR M) in P by ring.
        apply (Rmult_le_compat_l (/ s)) in P; [|left; now apply Rinv_0_lt_compat].
        rewrite <- Rmult_assoc, Rinv_l, Rmult_1_l in P by lra. lra.
    + apply Rmult_le_compat_r; [left; apply Rpower_pos | apply Rmax_r].
Qed.

Lemma power_sum_lower s M : 0 < s -> (1 <= M)%nat ->
  lower_factor s * Rpower (INR M) s <= sum (fun i => Rpower (INR (S i)) (s - 1)) M.
Proof.
  intros Hs HM. destruct (Rle_dec s 1) as [H1|H1].
  - apply Rle_trans with (1 * Rpower (INR M) s).
    + apply Rmult_le_compat_r; [left; apply Rpower_pos | apply Rmin_l].
    + rewrite <- (Rpower_S (INR M)) by (pose proof (INR_pos M HM); lra). rewrite Rmult_1_l, <- sum_const. apply sum_le.
      intros i Hi. apply Rpower_anti; [lra|]. split; [pose proof (INR_pos (S i) ltac:(lia)); lra | apply le_INR; lia].
  - apply Rle_trans with (/ s * Rpower (INR M) s).
    + apply Rmult_le_compat_r; [left; apply Rpower_pos | apply Rmin_r].
    + induction HM as [|M HM IH].
      * simpl. rewrite !Rpower_1_l. assert (/ s <= 1) by (rewrite <- Rinv_1; apply Rinv_le_contravar; lra). lra.
      * cbn [sum]. pose proof (INR_pos M HM). pose proof (power_step_le (INR (S M)) s) as P.
        rewrite S_INR in *. specialize (P ltac:(lra) ltac:(lra)). replace (INR M + 1 - 1) with (INR M) in P by ring.
        apply (Rmult_le_compat_l (/ s)) in P; [|left; apply Rinv_0_lt_compat; lra].
        rewrite <- (Rmult_assoc (/ s) s), Rinv_l, Rmult_1_l in P by lra. lra.
Qed.

(** ** Harmonic numbers *)

Lemma ln_step t : (1 <= t)%nat -> / INR (S t) <= ln (INR (S t)) - ln (INR t).
Proof.
  intros Ht. pose proof (INR_pos t Ht). rewrite S_INR.
  pose proof (ln_le_minus_1 (INR t * / (INR t + 1)) ltac:(apply Rmult_lt_0_compat; [|apply Rinv_0_lt_compat]; lra)) as L.
  rewrite ln_mult, ln_Rinv in L by (try apply Rinv_0_lt_compat; lra).
  replace (INR t * / (INR t + 1) - 1) with (- / (INR t + 1)) in L by (field; lra). lra.
Qed.

Lemma harmonic_le t : (1 <= t)%nat -> harmonic t <= 1 + ln (INR t).
Proof.
  intros Ht. induction Ht as [|t Ht IH]; [unfold harmonic; simpl; rewrite Rinv_1, ln_1; lra|].
  change (harmonic (S t)) with (harmonic t + / INR (S t)). pose proof (ln_step t Ht). lra.
Qed.

Lemma ln_2_pos : 0 < ln 2.
Proof. rewrite <- ln_1. apply ln_increasing; lra. Qed.

(** log(1 + lag) is at least log 2, and log lag at most log(1 + lag). *)
Lemma ln_lag lag : (1 <= lag)%nat -> ln 2 <= ln (1 + INR lag) /\ ln (INR lag) <= ln (1 + INR lag).
Proof. intros H. pose proof (INR_pos lag H). split; apply ln_mono; lra. Qed.
