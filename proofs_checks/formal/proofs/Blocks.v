(** The concrete block: forward substitution, rows of equal logits, and blocks that ignore what they attend to. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums SoftmaxRows Normal.
Open Scope R_scope.

(** * GELU *)

Lemma GELU_0 : GELU 0 = 0.
Proof. unfold GELU. ring. Qed.

Lemma GELU_pos (x : R) : 0 < x -> 0 < GELU x.
Proof.
  intros H. destruct (Phi_near_half x) as [L _]; [lra|]. apply Rmult_lt_0_compat; lra.
Qed.

(** * Forward substitution *)

Lemma states_below (B : nat -> nat -> R) (f : nat -> R) (n t : nat) : (t < n)%nat -> states B f n t = solution B f t.
Proof.
  induction n as [|n IH]; intros H; [lia|]. unfold solution. simpl states.
  destruct (Nat.eqb_spec t n) as [->|Hn]; [now rewrite Nat.eqb_refl|].
  rewrite Nat.eqb_refl, IH by lia. unfold solution. simpl. now rewrite Nat.eqb_refl.
Qed.

Lemma solution_spec (B : nat -> nat -> R) (f : nat -> R) (t : nat) :
  solution B f t = f t + sum (fun j => B t j * solution B f j) t.
Proof.
  unfold solution at 1. simpl. rewrite Nat.eqb_refl. f_equal.
  apply sum_ext. intros j Hj. now rewrite states_below.
Qed.

(** A sequence that satisfies the recurrence up to n is the solution up to n. *)
Lemma solution_unique (B : nat -> nat -> R) (f s : nat -> R) (n : nat) :
  (forall t, (t < n)%nat -> s t = f t + sum (fun j => B t j * s j) t) ->
  forall t, (t < n)%nat -> s t = solution B f t.
Proof.
  intros H t. induction t as [t IH] using (well_founded_induction Wf_nat.lt_wf). intros Ht.
  rewrite H, solution_spec by easy. f_equal. apply sum_ext. intros j Hj. rewrite IH by lia. easy.
Qed.

Lemma solution_ext (B B' : nat -> nat -> R) (f f' : nat -> R) (n : nat) :
  (forall t j, (j < t < n)%nat -> B t j = B' t j) -> (forall t, (t < n)%nat -> f t = f' t) ->
  forall t, (t < n)%nat -> solution B f t = solution B' f' t.
Proof.
  intros HB Hf. apply solution_unique. intros t Ht. rewrite solution_spec, Hf by easy. f_equal.
  apply sum_ext. intros j Hj. now rewrite HB by lia.
Qed.

(** Without feedback the states are the signal. *)
Lemma solution_zero (B : nat -> nat -> R) (f : nat -> R) (t : nat) :
  (forall i j, (j < i <= t)%nat -> B i j = 0) -> solution B f t = f t.
Proof.
  intros H. rewrite solution_spec, (sum_ext _ (fun _ => 0)); [rewrite sum_zero; ring|].
  intros j Hj. rewrite H by lia. ring.
Qed.

(** * Rows of attention *)

Lemma softmax_equal (b : nat -> R) (n j : nat) (c : R) :
  (0 < n)%nat -> (forall i, (i < n)%nat -> b i = c) -> (j < n)%nat -> softmax b n j = / INR n.
Proof.
  intros Hn H Hj. unfold softmax. rewrite H by easy. rewrite (sum_ext _ (fun _ => exp c)) by (intros; now rewrite H).
  rewrite sum_const. pose proof (exp_pos c). assert (0 < INR n) by (apply lt_0_INR; lia). field. lra.
Qed.

Lemma row_times_zero (m : nat) (z : nat -> R) (j : nat) : row_times m z (fun _ _ => 0) j = 0.
Proof. unfold row_times. rewrite (sum_ext _ (fun _ => 0)) by (intros; ring). apply sum_zero. Qed.

Lemma inner_zero (m : nat) (z : nat -> R) : inner m z (fun _ => 0) = 0.
Proof. unfold inner. rewrite (sum_ext _ (fun _ => 0)) by (intros; ring). apply sum_zero. Qed.

(** A matrix with one row. *)
Lemma row_times_one (m : nat) (z : nat -> R) (v : nat -> R) (k j : nat) :
  (k < m)%nat -> row_times m z (fun i j => if Nat.eqb i k then v j else 0) j = z k * v j.
Proof.
  intros H. unfold row_times. rewrite (sum_single _ m k H); [now rewrite Nat.eqb_refl|].
  intros i _ Hi. apply Nat.eqb_neq in Hi. rewrite Hi. ring.
Qed.

(** Feedback rows of equal queries and keys are uniform. *)
Lemma feedback_uniform m d Norm p x t j :
  (forall i k, W_Qb p i k = 0) -> (j < t)%nat -> feedback_weight m d Norm p x t j = / INR t.
Proof.
  intros H Hj. unfold feedback_weight. apply (softmax_equal _ t j 0); [lia | | easy].
  intros i _. unfold feedback_logit, inner. rewrite (sum_ext _ (fun _ => 0)); [rewrite sum_zero; ring|].
  intros k _. replace (row_times m (activation m Norm p x t) (W_Qb p) k) with 0; [ring|].
  unfold row_times. rewrite (sum_ext _ (fun _ => 0)), sum_zero by (intros; rewrite H; ring). easy.
Qed.

(** Whatever the weights of the forward row, values that are all v are mixed to v. *)
Lemma forward_constant m d omega Norm p x c t v :
  (forall j, (j <= t)%nat -> row_times m (activation m Norm p x j) (W_V p) c = v) ->
  forward_signal m d omega Norm p x c t = v.
Proof.
  intros H. unfold forward_signal. rewrite (sum_ext _ (fun j => forward_weight m d omega Norm p x t j * v)).
  - rewrite sum_scal_r. unfold forward_weight. rewrite softmax_sum by lia. ring.
  - intros j Hj. now rewrite H by lia.
Qed.

(** * The hyperbolic tangent *)

Lemma tanh_0 : tanh 0 = 0.
Proof. unfold tanh. rewrite sinh_0. unfold Rdiv. ring. Qed.

(** Every gain in (-1, 1) is the tanh of a bias. *)
Lemma tanh_onto (g : R) : -1 < g < 1 -> tanh (ln ((1 + g) / (1 - g)) / 2) = g.
Proof.
  intros H. set (b := ln ((1 + g) / (1 - g)) / 2).
  assert (Q : 0 < (1 + g) / (1 - g)) by (apply Rdiv_lt_0_compat; lra).
  assert (E : exp b * exp b = (1 + g) / (1 - g)).
  { rewrite <- exp_plus. replace (b + b) with (ln ((1 + g) / (1 - g))) by (unfold b; field; lra). now apply exp_ln. }
  pose proof (exp_pos b) as P. unfold tanh, sinh, cosh. rewrite exp_Ropp.
  assert (M : (exp b * exp b - 1) / (exp b * exp b + 1) = g) by (rewrite E; field; lra).
  rewrite <- M. field. repeat split; try lra; nra.
Qed.

(** * Vectors *)

Lemma inner_plus (m : nat) (v w u : nat -> R) (a : R) :
  inner m (fun i => v i + a * w i) u = inner m v u + a * inner m w u.
Proof. unfold inner. rewrite <- sum_scal, <- sum_plus. apply sum_ext. intros; ring. Qed.

Lemma inner_sym (m : nat) (v w : nat -> R) : inner m v w = inner m w v.
Proof. apply sum_ext. intros; ring. Qed.

Lemma inner_ext (m : nat) (v v' w : nat -> R) :
  (forall i, (i < m)%nat -> v i = v' i) -> inner m v w = inner m v' w.
Proof. intros H. apply sum_ext. intros i Hi. now rewrite H. Qed.

Lemma inner_self (m : nat) (v : nat -> R) : inner m v v = norm2 m v ^ 2.
Proof.
  unfold norm2. rewrite pow2_sqrt; [apply sum_ext; intros; ring|].
  apply sum_nonneg. intros; apply pow2_ge_0.
Qed.

(** Cauchy-Schwarz against a unit vector: |v - <v, u> u|^2 is not negative. *)
Lemma inner_unit_bound (m : nat) (v u : nat -> R) (r : R) :
  inner m u u = 1 -> norm2 m v <= r -> - r <= inner m v u <= r.
Proof.
  intros Hu Hr. set (a := inner m v u).
  assert (E : inner m (fun i => v i + - a * u i) (fun i => v i + - a * u i) = inner m v v - a ^ 2).
  { rewrite inner_plus, (inner_sym m v), (inner_sym m u (fun i => v i + - a * u i)), !inner_plus, Hu.
    rewrite (inner_sym m u v). fold a. ring. }
  rewrite !inner_self in E.
  pose proof (pow2_ge_0 (norm2 m (fun i => v i + - a * u i))) as P.
  assert (N : 0 <= norm2 m v) by apply sqrt_pos.
  assert (a ^ 2 <= r ^ 2) by nra. split; nra.
Qed.
