(** The Euclidean norm of finite vectors. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import ModelSums.
Open Scope R_scope.

Lemma sum_squares_nonneg v n : 0 <= sum (fun i => v i ^ 2) n.
Proof. apply msum_nonneg; intros; apply pow2_ge_0. Qed.

Lemma norm2_nonneg n v : 0 <= norm2 n v.
Proof. apply sqrt_pos. Qed.

Lemma norm2_ext n v w : (forall i, (i < n)%nat -> v i = w i) -> norm2 n v = norm2 n w.
Proof. intros H. unfold norm2. f_equal. apply msum_ext. intros i Hi. now rewrite H. Qed.

Lemma norm2_mono n v w : (forall i, (i < n)%nat -> Rabs (v i) <= Rabs (w i)) -> norm2 n v <= norm2 n w.
Proof.
  intros H. apply sqrt_le_1_alt, msum_le. intros i Hi. rewrite <- (pow2_abs (v i)), <- (pow2_abs (w i)).
  apply pow_incr. split; [apply Rabs_pos | now apply H].
Qed.

Lemma norm2_scal n c v : norm2 n (fun i => c * v i) = Rabs c * norm2 n v.
Proof.
  unfold norm2. rewrite (msum_ext _ (fun i => c ^ 2 * v i ^ 2)) by (intros; ring).
  rewrite msum_scal, sqrt_mult by (apply pow2_ge_0 || apply sum_squares_nonneg).
  f_equal. rewrite <- pow2_abs. apply sqrt_pow2, Rabs_pos.
Qed.

Lemma norm2_S n v : norm2 (S n) v = sqrt (norm2 n v ^ 2 + v n ^ 2).
Proof. unfold norm2. rewrite pow2_sqrt by apply sum_squares_nonneg. easy. Qed.

(** The triangle inequality of the plane is Coquelicot's. *)
Lemma plane_triangle a b c d : sqrt ((a + c) ^ 2 + (b + d) ^ 2) <= sqrt (a ^ 2 + b ^ 2) + sqrt (c ^ 2 + d ^ 2).
Proof.
  pose proof (norm_triangle (V := prod_NormedModule _ R_NormedModule R_NormedModule) (a, b) (c, d)) as H.
  change (sqrt (Rabs (a + c) ^ 2 + Rabs (b + d) ^ 2)
          <= sqrt (Rabs a ^ 2 + Rabs b ^ 2) + sqrt (Rabs c ^ 2 + Rabs d ^ 2)) in H.
  now rewrite !pow2_abs in H.
Qed.

(** The triangle inequality, one coordinate at a time. *)
Lemma norm2_plus n v w : norm2 n (fun i => v i + w i) <= norm2 n v + norm2 n w.
Proof.
  induction n as [|n IH]; [unfold norm2; simpl; rewrite sqrt_0; lra|]. rewrite !norm2_S.
  eapply Rle_trans; [|apply plane_triangle]. apply sqrt_le_1_alt, Rplus_le_compat_r, pow_incr.
  split; [apply norm2_nonneg | exact IH].
Qed.

(** A vector whose coordinates are at most M has norm at most sqrt(n) M. *)
Lemma norm2_bounded n v M : (forall i, (i < n)%nat -> Rabs (v i) <= M) -> norm2 n v <= sqrt (INR n) * M.
Proof.
  intros H. destruct (Nat.eq_dec n 0) as [->|Hn]; [unfold norm2; simpl; rewrite sqrt_0; lra|].
  assert (0 <= M) by (specialize (H O ltac:(lia)); pose proof (Rabs_pos (v O)); lra).
  apply Rle_trans with (norm2 n (fun _ => M)).
  - apply norm2_mono. intros i Hi. rewrite (Rabs_pos_eq M) by easy. now apply H.
  - unfold norm2. rewrite msum_const, sqrt_mult, sqrt_pow2 by (try apply pos_INR; try apply pow2_ge_0; easy). lra.
Qed.

Lemma coordinate_le_norm2 n v i : (i < n)%nat -> Rabs (v i) <= norm2 n v.
Proof.
  intros Hi. rewrite <- sqrt_Rsqr_abs. apply sqrt_le_1_alt. rewrite Rsqr_pow2.
  apply (msum_term_le (fun i => v i ^ 2)); [easy|]. intros; apply pow2_ge_0.
Qed.
