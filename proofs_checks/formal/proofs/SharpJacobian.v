(** The Jacobian tail of the mixer and of the block without a logarithm. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Powers GammaLimit GammaFunction ImpulseResponse UniformRouting ClosedForms.
From Sessa.proofs Require JacobianTails.
Open Scope R_scope.

Section Tail.
Context (U V : NormedModule R_AbsRing) (f : nat -> U -> V) (logit : nat -> nat -> U -> R) (gamma : nat -> U -> R).
Context (s : nat -> U -> V) (z : U) (tau T : nat) (c2 gmax FR Lf0 Lf La0 Lroute Lgamma : R).
Context (H : thm_23_hypotheses U V f logit gamma s z tau T c2 gmax FR Lf0 Lf La0 Lroute Lgamma).
Let eta := gmax * c2.
Let SR := FR / (1 - gmax).
Let A1 := Lf + 2 * gmax * SR * Lroute.
Let A0 := Lf0 + Lgamma * SR + gmax * SR * La0.

(** The majorant of the proof of Theorem 23 is this tail. *)
Lemma majorant_is_sharp t : (tau < t)%nat ->
  JacobianTails.majorant eta A0 A1 tau t = sharp_tail c2 gmax FR Lf0 Lf La0 Lroute Lgamma tau t.
Proof.
  intros Ht. unfold JacobianTails.majorant, sharp_tail. fold eta SR. fold A1 A0.
  destruct (Nat.ltb_spec t tau); [lia|]. destruct (Nat.eqb_spec t tau); [lia|].
  replace (JacobianTails.growth eta tau (t - S tau)) with (growth eta tau t).
  - unfold Rdiv. ring.
  - unfold growth, JacobianTails.growth. apply prod_ext. intros i _. now replace (tau + 1 + i)%nat with (S tau + i)%nat by lia.
Qed.

Lemma sharp_derivative t : (tau < t)%nat -> (t < T)%nat ->
  exists ds, filterdiff (s t) (locally z) ds /\ opnorm_le ds (sharp_tail c2 gmax FR Lf0 Lf La0 Lroute Lgamma tau t).
Proof.
  intros Ht HT. destruct (JacobianTails.state_derivatives _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ H (S t) ltac:(lia)) as [ds Hds].
  destruct (Hds t ltac:(lia)) as [D B]. exists (ds t). split; [exact D|]. now rewrite <- majorant_is_sharp.
Qed.

Lemma sharp_closed_form t : (tau < t)%nat ->
  sharp_tail c2 gmax FR Lf0 Lf La0 Lroute Lgamma tau t = (eta * A0 + A1) * source_factor eta tau * target_factor eta t.
Proof.
  intros Ht. assert (He : 0 < eta < 1) by apply H. pose proof (influence_closed_form eta tau t ltac:(lra) Ht) as E.
  unfold sharp_tail. fold eta SR. fold A1 A0. unfold uniform_influence in E. rewrite Rmult_assoc. f_equal.
  apply (Rmult_eq_reg_l eta); [|lra]. rewrite <- Rmult_assoc, <- E. unfold Rdiv. ring.
Qed.

Lemma sharp_power t : (tau < t)%nat -> (t < T)%nat ->
  sharp_tail c2 gmax FR Lf0 Lf La0 Lroute Lgamma tau t <= (eta * A0 + A1) / Gamma (1 + eta) * Rpower (INR (t - tau)) (- (1 - eta)).
Proof.
  intros Ht HT. assert (He : 0 < eta < 1) by apply H.
  destruct (JacobianTails.A_nonneg _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ H ltac:(lia)) as [P0 P1]. fold SR in P0, P1. fold A0 in P0. fold A1 in P1.
  rewrite sharp_closed_form by easy. unfold Rdiv. rewrite !Rmult_assoc. apply Rmult_le_compat_l; [nra|].
  pose proof (influence_upper eta tau (t - tau) He ltac:(lia)) as B. replace (tau + (t - tau))%nat with t in B by lia.
  rewrite influence_closed_form, <- Gamma_1_plus in B by (lra || lia). unfold Rdiv in B. rewrite !Rmult_assoc in B.
  now apply Rmult_le_reg_l in B; [|lra].
Qed.
End Tail.

Theorem ours_jacobian_tail_bound_holds : ours_jacobian_tail_bound.
Proof.
  intros U V f logit gamma s z tau T c2 gmax FR Lf0 Lf La0 Lroute Lgamma H eta SR A1 A0 t Ht HT. split; [|split].
  - exact (sharp_closed_form _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ H t Ht).
  - exact (sharp_power _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ H t Ht HT).
  - exact (sharp_derivative _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ H t Ht HT).
Qed.

Theorem ours_block_jacobian_tail_holds : ours_block_jacobian_tail.
Proof.
  intros U V Y f logit gamma s z tau T c2 gmax FR Lf0 Lf La0 Lroute Lgamma gate W GR Wnorm
    (H & Lg & LW & G0 & W0 & Bg & BW) t x b Htau Ht.
  destruct (sharp_derivative _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ H t Htau Ht) as [ds [D B]].
  now apply JacobianTails.through_gate with ds.
Qed.
