(** The Euclidean norm: triangle inequality, Cauchy-Schwarz, products. *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums.
Import Stability.
Open Scope R_scope.

Lemma squares_nonneg (d : nat) (v : nat -> R) : 0 <= sum (fun i => v i ^ 2) d.
Proof. apply sum_nonneg. intros. apply pow2_ge_0. Qed.

Lemma norm2_nonneg (d : nat) (v : nat -> R) : 0 <= norm2 d v.
Proof. apply sqrt_pos. Qed.

Lemma norm2_ext (d : nat) (v w : nat -> R) : (forall i, (i < d)%nat -> v i = w i) -> norm2 d v = norm2 d w.
Proof. intros H. unfold norm2. f_equal. apply sum_ext. intros i Hi. now rewrite H. Qed.

Lemma norm2_zero (d : nat) : norm2 d (fun _ => 0) = 0.
Proof.
  unfold norm2. rewrite (sum_ext _ (fun _ => 0)) by (intros; ring). rewrite sum_zero. apply sqrt_0.
Qed.

(** One coordinate more. *)
Lemma norm2_S (d : nat) (v : nat -> R) : norm2 (S d) v = sqrt (norm2 d v ^ 2 + v d ^ 2).
Proof. unfold norm2. rewrite pow2_sqrt by apply squares_nonneg. reflexivity. Qed.

Lemma norm2_one (v : nat -> R) : norm2 1 v = Rabs (v O).
Proof. unfold norm2. simpl. rewrite Rplus_0_l, Rmult_1_r. apply sqrt_Rsqr_abs. Qed.

Lemma norm2_scal (d : nat) (c : R) (v : nat -> R) : norm2 d (fun i => c * v i) = Rabs c * norm2 d v.
Proof.
  unfold norm2. rewrite (sum_ext _ (fun i => c ^ 2 * v i ^ 2)) by (intros; ring).
  rewrite sum_scal, sqrt_mult by (apply pow2_ge_0 || apply squares_nonneg).
  f_equal. rewrite <- pow2_abs. apply sqrt_pow2, Rabs_pos.
Qed.

Lemma norm2_mono (d : nat) (v w : nat -> R) :
  (forall i, (i < d)%nat -> Rabs (v i) <= Rabs (w i)) -> norm2 d v <= norm2 d w.
Proof.
  intros H. apply sqrt_le_1_alt, sum_le. intros i Hi. rewrite <- (pow2_abs (v i)), <- (pow2_abs (w i)).
  apply pow_incr. split; [apply Rabs_pos | now apply H].
Qed.

Lemma coordinate_le (d i : nat) (v : nat -> R) : (i < d)%nat -> Rabs (v i) <= norm2 d v.
Proof.
  intros Hi. rewrite <- (sqrt_pow2 (Rabs (v i))) by apply Rabs_pos. rewrite pow2_abs.
  apply sqrt_le_1_alt, (sum_term_le (fun i => v i ^ 2)); [exact Hi | intros; apply pow2_ge_0].
Qed.

(** The triangle inequality of the plane is Coquelicot's. *)
Lemma plane_triangle (a b c d : R) : sqrt ((a + c) ^ 2 + (b + d) ^ 2) <= sqrt (a ^ 2 + b ^ 2) + sqrt (c ^ 2 + d ^ 2).
Proof.
  pose proof (norm_triangle (V := prod_NormedModule _ R_NormedModule R_NormedModule) (a, b) (c, d)) as H.
  change (sqrt (Rabs (a + c) ^ 2 + Rabs (b + d) ^ 2)
          <= sqrt (Rabs a ^ 2 + Rabs b ^ 2) + sqrt (Rabs c ^ 2 + Rabs d ^ 2)) in H.
  now rewrite !pow2_abs in H.
Qed.

(** The triangle inequality, one coordinate at a time. *)
Lemma norm2_plus (d : nat) (v w : nat -> R) : norm2 d (fun i => v i + w i) <= norm2 d v + norm2 d w.
Proof.
  induction d; [unfold norm2; simpl; rewrite sqrt_0; lra|]. rewrite !norm2_S.
  eapply Rle_trans; [|apply plane_triangle]. apply sqrt_le_1_alt, Rplus_le_compat_r, pow_incr.
  split; [apply norm2_nonneg | exact IHd].
Qed.

(** A vector whose coordinates are at most M. *)
Lemma norm2_bounded (d : nat) (v : nat -> R) (M : R) :
  (forall i, (i < d)%nat -> Rabs (v i) <= M) -> norm2 d v <= sqrt (INR d) * M.
Proof.
  intros H. destruct d as [|d]; [unfold norm2; simpl; rewrite sqrt_0; lra|].
  assert (0 <= M) by (specialize (H O ltac:(lia)); pose proof (Rabs_pos (v O)); lra).
  apply Rle_trans with (norm2 (S d) (fun _ => M)).
  - apply norm2_mono. intros i Hi. rewrite (Rabs_pos_eq M) by easy. now apply H.
  - unfold norm2. rewrite sum_const, sqrt_mult, sqrt_pow2 by (try apply pos_INR; try apply pow2_ge_0; easy). lra.
Qed.

(** The norm of a combination of vectors. *)
Lemma norm2_sum (d n : nat) (a : nat -> R) (v : nat -> nat -> R) :
  norm2 d (fun i => sum (fun j => a j * v j i) n) <= sum (fun j => Rabs (a j) * norm2 d (v j)) n.
Proof.
  induction n; simpl; [rewrite norm2_zero; lra|].
  eapply Rle_trans; [apply norm2_plus|]. rewrite norm2_scal. lra.
Qed.

(** A combination of vectors of norm at most M. *)
Lemma norm2_sum_le (d n : nat) (a : nat -> R) (v : nat -> nat -> R) (M : R) :
  (forall j, (j < n)%nat -> norm2 d (v j) <= M) ->
  norm2 d (fun i => sum (fun j => a j * v j i) n) <= sum (fun j => Rabs (a j)) n * M.
Proof.
  intros H. eapply Rle_trans; [apply norm2_sum|]. rewrite <- sum_scal_r. apply sum_le.
  intros j Hj. apply Rmult_le_compat_l; [apply Rabs_pos | now apply H].
Qed.

(** Gates: entries at most G. *)
Lemma norm2_gated (d : nat) (s g : nat -> R) (G : R) :
  (forall i, (i < d)%nat -> Rabs (g i) <= G) -> 0 <= G -> norm2 d (fun i => s i * g i) <= G * norm2 d s.
Proof.
  intros Hg HG. rewrite <- (Rabs_pos_eq G) at 1 by exact HG. rewrite <- norm2_scal. apply norm2_mono. intros i Hi.
  rewrite !Rabs_mult, (Rabs_pos_eq G) by exact HG. rewrite Rmult_comm.
  apply Rmult_le_compat_r; [apply Rabs_pos | now apply Hg].
Qed.

Lemma norm2_product (d : nat) (s g : nat -> R) : norm2 d (fun i => s i * g i) <= norm2 d s * norm2 d g.
Proof.
  rewrite Rmult_comm. apply norm2_gated; [|apply norm2_nonneg]. intros i Hi. now apply coordinate_le.
Qed.

(** Every matrix has a spectral norm: some bound, here the sum of its entries. *)
Lemma spectral_bound_exists (r d : nat) (W : nat -> nat -> R) : exists w, spectral_bound r d W w.
Proof.
  exists (sum (fun i => norm2 d (W i)) r). split; [apply sum_nonneg; intros; apply norm2_nonneg|].
  intros v. eapply Rle_trans; [apply (norm2_sum d r v W)|]. rewrite <- sum_scal_r.
  apply sum_le. intros i Hi. rewrite Rmult_comm.
  apply Rmult_le_compat_l; [apply norm2_nonneg | now apply coordinate_le].
Qed.
