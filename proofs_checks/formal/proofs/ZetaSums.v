(** The sums of r^(-b), r < N, against N^(1-b)/(1-b): their difference falls to a limit of at least 2^(b-1)/(1-b). *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Powers.
Open Scope R_scope.

(** (1 + u)^(-q) >= 1 - q u, for q >= 0. *)
Lemma bernoulli_negative q u : 0 <= q -> -1 < u -> 1 - q * u <= Rpower (1 + u) (- q).
Proof.
  intros Hq Hu. pose proof (ln_le_minus_1 (1 + u) ltac:(lra)) as L.
  apply Rle_trans with (1 + - q * ln (1 + u)); [nra|]. unfold Rpower. set (v := - q * ln (1 + u)).
  destruct (Req_dec v 0) as [->|Hv]; [rewrite exp_0; lra | left; now apply exp_ineq1].
Qed.

Lemma power_over_base x p : 0 < x -> exp (p * ln x) / x = Rpower x (- (1 - p)).
Proof.
  intros Hx. unfold Rpower. replace (- (1 - p) * ln x) with (p * ln x + - ln x) by ring.
  rewrite exp_plus, exp_Ropp, exp_ln by easy. reflexivity.
Qed.

(** x^(-b) is convex: 2 p h <= (1 + h)^p - (1 - h)^p for 0 <= h < 1, by the slope in h. *)
Lemma midpoint p h : 0 <= p <= 1 -> 0 <= h < 1 -> 2 * p * h <= Rpower (1 + h) p - Rpower (1 - h) p.
Proof.
  intros Hp Hh. pose (f := fun x => exp (p * ln (1 + x)) - exp (p * ln (1 - x)) - 2 * p * x).
  pose (df := fun x => p * (exp (p * ln (1 + x)) / (1 + x)) + p * (exp (p * ln (1 - x)) / (1 - x)) - 2 * p).
  assert (D : forall x, 0 <= x <= h -> is_derive f x (df x)).
  { intros x Hx. unfold f, df. auto_derive; [lra | unfold Rminus; field; lra]. }
  assert (S : forall x, 0 <= x <= h -> 0 <= df x).
  { intros x Hx. unfold df. rewrite !power_over_base by lra.
    pose proof (bernoulli_negative (1 - p) x ltac:(lra) ltac:(lra)). pose proof (bernoulli_negative (1 - p) (- x) ltac:(lra) ltac:(lra)) as B.
    replace (1 + - x) with (1 - x) in B by ring. nra. }
  assert (H : f 0 <= f h).
  { destruct (MVT_gen f 0 h df) as [c [Hc E]]; rewrite Rmin_left, Rmax_right in * by lra.
    - intros x Hx. apply D; lra.
    - intros x Hx. apply derivable_continuous_pt. exists (df x). apply is_derive_Reals, D, Hx.
    - specialize (S c Hc). nra. }
  unfold f in H. rewrite Rplus_0_r, Rminus_0_r, ln_1, Rmult_0_r in H. unfold Rpower. lra.
Qed.

Section Exponent.
  Variable b : R.
  Hypothesis Hb : 0 < b < 1.

  Definition zeta_gap (N : nat) : R := Rpower (INR (S N)) (1 - b) / (1 - b) - sum (fun r => Rpower (INR (S r)) (- b)) N.

  Lemma power_down x : 0 < x -> Rpower x (- b) = Rpower x (1 - b) * / x.
  Proof. intros Hx. unfold Rminus. rewrite Rplus_comm, Rpower_plus, Rpower_1 by easy. field. lra. Qed.

  Lemma zeta_gap_falls N : zeta_gap (S N) <= zeta_gap N.
  Proof.
    unfold zeta_gap. cbn [sum]. set (x := INR (S N)). assert (Hx : 0 < x) by (apply lt_0_INR; lia).
    replace (INR (S (S N))) with (x * (1 + / x)) by (unfold x; rewrite (S_INR (S N)); field; fold x; lra).
    assert (0 < / x) by now apply Rinv_0_lt_compat. rewrite <- Rpower_mult_distr, power_down by lra.
    pose proof (bernoulli (1 - b) (/ x) ltac:(lra) ltac:(lra)) as B. pose proof (Rpower_pos x (1 - b)).
    assert (Q : Rpower x (1 - b) * Rpower (1 + / x) (1 - b) / (1 - b) <= Rpower x (1 - b) * (1 + (1 - b) * / x) / (1 - b))
      by (apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; lra | apply Rmult_le_compat_l; lra]).
    replace (Rpower x (1 - b) * (1 + (1 - b) * / x) / (1 - b)) with (Rpower x (1 - b) / (1 - b) + Rpower x (1 - b) * / x) in Q by (field; lra). lra.
  Qed.

  (** By midpoints the sum is at most the integral from 1/2 to N + 1/2. *)
  Lemma sum_by_midpoints N :
    (1 - b) * sum (fun r => Rpower (INR (S r)) (- b)) N <= Rpower (INR N + 1 / 2) (1 - b) - Rpower (1 / 2) (1 - b).
  Proof.
    induction N as [|N IH]; [simpl; rewrite Rplus_0_l; lra|]. cbn [sum]. set (x := INR (S N)).
    assert (Ex : x = INR N + 1) by apply S_INR. pose proof (pos_INR N). rewrite power_down by lra.
    assert (Hh : 0 <= / (2 * x) < 1) by (split; [left; apply Rinv_0_lt_compat; lra | rewrite <- Rinv_1; apply Rinv_lt_contravar; lra]).
    pose proof (midpoint (1 - b) (/ (2 * x)) ltac:(lra) Hh) as M. pose proof (Rpower_pos x (1 - b)) as P.
    apply (Rmult_le_compat_l (Rpower x (1 - b))) in M; [|lra]. rewrite (Rmult_minus_distr_l (Rpower x (1 - b))), !Rpower_mult_distr in M by lra.
    replace (x * (1 + / (2 * x))) with (x + 1 / 2) in M by (field; lra).
    replace (x * (1 - / (2 * x))) with (INR N + 1 / 2) in M by (rewrite Ex; field; lra).
    replace (Rpower x (1 - b) * (2 * (1 - b) * / (2 * x))) with ((1 - b) * (Rpower x (1 - b) * / x)) in M by (field; lra). lra.
  Qed.

  Lemma zeta_gap_lower N : / ((1 - b) * Rpower 2 (1 - b)) <= zeta_gap N.
  Proof.
    unfold zeta_gap. pose proof (sum_by_midpoints N) as M. pose proof (pos_INR N). pose proof (Rpower_pos 2 (1 - b)).
    assert (Rpower (INR N + 1 / 2) (1 - b) <= Rpower (INR (S N)) (1 - b)) by (rewrite S_INR; apply Rle_Rpower_l; lra).
    replace (/ ((1 - b) * Rpower 2 (1 - b))) with (Rpower (1 / 2) (1 - b) / (1 - b)).
    - apply (Rmult_le_reg_l (1 - b)); [lra|]. rewrite (Rmult_minus_distr_l (1 - b)).
      replace ((1 - b) * (Rpower (1 / 2) (1 - b) / (1 - b))) with (Rpower (1 / 2) (1 - b)) by (field; lra).
      replace ((1 - b) * (Rpower (INR (S N)) (1 - b) / (1 - b))) with (Rpower (INR (S N)) (1 - b)) by (field; lra). lra.
    - replace (Rpower (1 / 2) (1 - b)) with (/ Rpower 2 (1 - b)); [field; lra|].
      unfold Rpower. rewrite <- exp_Ropp. f_equal. rewrite ln_div, ln_1 by lra. ring.
  Qed.

  Lemma minus_zeta_below z N : minus_zeta b z -> z <= zeta_gap N.
  Proof.
    intros Hz. apply (is_lim_seq_decr_compare zeta_gap z Hz). exact zeta_gap_falls.
  Qed.

  Lemma minus_zeta_lower z : minus_zeta b z -> / ((1 - b) * Rpower 2 (1 - b)) <= z.
  Proof. intros Hz. exact (lim_le _ _ _ _ zeta_gap_lower (is_lim_seq_const _) Hz). Qed.

  Lemma minus_zeta_exists : exists z, minus_zeta b z.
  Proof. apply (ex_finite_lim_seq_decr zeta_gap (/ ((1 - b) * Rpower 2 (1 - b)))); [exact zeta_gap_falls | exact zeta_gap_lower]. Qed.
End Exponent.
