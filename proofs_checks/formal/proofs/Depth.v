(** Residual calculus: Theorems 31, 11 and 35. *)

From Coq Require Import Reals Lra Lia PeanoNat FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Vectors PathSums.
Open Scope R_scope.

(** The curve that moves token tau passes through the sequence itself. *)
Lemma moved_token_0 {V : NormedModule R_AbsRing} (x : nat -> V) tau v :
  with_token x tau (plus (x tau) (scal 0 v)) = x.
Proof.
  apply functional_extensionality. intros j.
  rewrite (scal_zero_l (V := V) v : scal 0 v = zero), plus_zero_r. apply with_token_self.
Qed.

(** Every output has a derivative, bounded by the path sum: the chain rule, one block at a time. *)
Lemma deep_derivatives V T N F x J d lambda K : thm_31_hypotheses V T N F x J d lambda K ->
  forall tau v, (tau < T)%nat -> exists dh, forall t, (t < T)%nat ->
  token_derivative F x N t tau v (dh t) /\ norm (dh t) <= path_sum d (fun n t j => lambda n * K n t j) N t tau * norm v.
Proof.
  intros H tau v Htau. induction N as [|N IH].
  - exists (fun t => if Nat.eqb t tau then v else zero). intros t Ht. rewrite path_sum_0.
    unfold token_derivative, with_token. simpl. destruct (Nat.eqb t tau); split.
    + apply (is_derive_ext (fun e => plus (x tau) (scal e v))); [easy|].
      eapply filterdiff_ext_lin; [apply (filterdiff_plus_fct (F := locally 0) (fun _ : R => x tau) (fun e : R => scal e v))|].
      * apply (filterdiff_const (F := locally 0) (x tau)).
      * apply (is_derive_scal_l (V := V) (fun e : R => e) 0 1 v), (is_derive_id (K := R_AbsRing)).
      * intros y. cbv beta. rewrite plus_zero_l. change one with 1. f_equal. apply (scal_one (V := V)).
    + lra.
    + apply (is_derive_const (V := V) (x t)).
    + rewrite (norm_zero (V := V)); lra.
  - destruct IH as [dh IH]; [intros n Hn; apply H; lia|].
    destruct (H N ltac:(lia)) as (d0 & l0 & HJ & Hbound).
    exists (fun t => vsum (fun j => J N t j (dh j)) (S t)). intros t Ht. split.
    + apply (HJ (fun e j => stack F (with_token x tau (plus (x tau) (scal e v))) N j) dh); [|easy].
      intros j Hj. split; [now rewrite moved_token_0 | now apply IH].
    + destruct (Hbound t Ht) as [Hd HK]. rewrite path_sum_S, Rmult_plus_distr_r, Rplus_comm. cbn [vsum].
      eapply Rle_trans; [apply (norm_triangle (V := V))|]. apply Rplus_le_compat.
      * rewrite <- sum_scal_r. apply norm_vsum_le. intros j Hj. destruct (HK j Hj) as [K0 HKj].
        eapply Rle_trans; [apply HKj|]. rewrite (Rmult_assoc _ (path_sum _ _ _ _ _)). apply Rmult_le_compat_l; [now apply Rmult_le_pos|].
        apply IH; lia.
      * eapply Rle_trans; [apply Hd|]. rewrite (Rmult_assoc _ (path_sum _ _ _ _ _)). apply Rmult_le_compat_l; [easy|]. now apply IH.
Qed.

Theorem thm_31_holds : thm_31.
Proof.
  intros V T N F x J d lambda K H tau t v Htau Ht.
  destruct (deep_derivatives V T N F x J d lambda K H tau v ltac:(lia)) as [dh Hdh].
  destruct (Hdh t Ht) as [D B]. exists (dh t). split; [easy|]. split; [easy|].
  intros <-. now rewrite path_sum_diagonal in B.
Qed.

Theorem thm_11_holds : thm_11.
Proof. exact thm_31_holds. Qed.

Theorem thm_35_holds : thm_35.
Proof. intros V N F x J d lambda K H T. exact (thm_31_holds V T N (F T) (x T) (J T) d lambda K (H T)). Qed.

(** Blocks that add to each token the sum of the tokens before it, over 1 + t: residual uniform attention. *)
Definition residual_mean (n : nat) (h : nat -> R) (t : nat) : R := h t + sum h t / (INR t + 1).

Lemma residual_mean_jacobian T n u :
  jacobian_at (V := R_NormedModule) T (residual_mean n) u (fun t j w => if Nat.eqb j t then w else w / (INR t + 1)).
Proof.
  intros z dz H t Ht. unfold residual_mean. simpl vsum. rewrite Nat.eqb_refl.
  eapply filterdiff_ext_lin.
  - apply (filterdiff_plus_fct (V := R_NormedModule) (fun e => z e t) (fun e => sum (z e) t / (INR t + 1))
      (fun y => scal y (dz t)) (fun y => sum (fun j => scal y (dz j) * / (INR t + 1)) t)); [now apply H|].
    apply filterdiff_ext with (fun e => sum (fun j => z e j * / (INR t + 1)) t); [intros e; apply sum_scal_r|].
    apply (filterdiff_sum (fun j e => z e j * / (INR t + 1))). intros j Hj.
    destruct (H j ltac:(lia)) as [_ Dj].
    pose proof (is_derive_scal_l (V := R_NormedModule) (fun e => z e j) 0 (dz j) (/ (INR t + 1)) Dj) as D.
    eapply filterdiff_ext_lin; [exact D|]. intros y. unfold scal; simpl. unfold mult; simpl. ring.
  - intros y. unfold plus, scal; simpl. unfold mult; simpl. rewrite Rplus_comm, Rmult_plus_distr_l. f_equal.
    assert (E : forall f n, vsum (V := R_AbelianGroup) f n = sum f n) by (induction n0 as [|m IH]; simpl; [easy|]; now rewrite IH).
    transitivity (y * sum (fun j => dz j * / (INR t + 1)) t).
    + rewrite <- sum_scal. apply sum_ext; intros; ring.
    + f_equal. symmetry. etransitivity; [apply E|]. apply sum_ext. intros j Hj.
      now destruct (Nat.eqb_spec j t); [lia|].
Qed.

Lemma residual_mean_stack T : thm_31_hypotheses R_NormedModule T 3 (fun _ => residual_mean 0) (fun j => INR j)
  (fun _ t j w => if Nat.eqb j t then w else w / (INR t + 1)) (fun _ => 1) (fun _ => 1) (fun _ t j => / (INR t + 1)).
Proof.
  intros n Hn. split; [lra|]. split; [lra|]. split; [apply residual_mean_jacobian|].
  intros t Ht. split; [intros w; rewrite Nat.eqb_refl; lra|]. intros j Hj.
  pose proof (Rinv_0_lt_compat (INR t + 1) ltac:(pose proof (pos_INR t); lra)) as P.
  split; [lra|]. intros w. destruct (Nat.eqb_spec j t); [lia|].
  change (Rabs (w * / (INR t + 1)) <= 1 * / (INR t + 1) * Rabs w). rewrite Rabs_mult, (Rabs_pos_eq (/ _)); lra.
Qed.

Theorem thm_31_instance : exists V T N F x J d lambda K, thm_31_hypotheses V T N F x J d lambda K.
Proof.
  exists R_NormedModule, 5%nat, 3%nat, (fun _ => residual_mean 0), (fun j => INR j),
    (fun _ t j w => if Nat.eqb j t then w else w / (INR t + 1)), (fun _ => 1), (fun _ => 1), (fun _ t j => / (INR t + 1)).
  apply residual_mean_stack.
Qed.

Theorem thm_35_instance : exists V N F x J d lambda K, thm_35_hypotheses V N F x J d lambda K.
Proof.
  exists R_NormedModule, 3%nat, (fun _ _ => residual_mean 0), (fun _ j => INR j),
    (fun _ _ t j w => if Nat.eqb j t then w else w / (INR t + 1)), (fun _ => 1), (fun _ => 1), (fun _ t j => / (INR t + 1)).
  intros T. apply residual_mean_stack.
Qed.
