(** Finite sums of vectors, their derivatives, and sequences of tokens. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
Open Scope R_scope.

Lemma vsum_ext {V : AbelianGroup} (f g : nat -> V) n : (forall i, (i < n)%nat -> f i = g i) -> vsum f n = vsum g n.
Proof. induction n as [|n IH]; intros H; simpl; [easy|]. rewrite IH, H; auto with arith. Qed.

Lemma norm_vsum_le {V : NormedModule R_AbsRing} (f : nat -> V) (g : nat -> R) n :
  (forall i, (i < n)%nat -> norm (f i) <= g i) -> norm (vsum f n) <= sum g n.
Proof.
  induction n as [|n IH]; intros H; simpl.
  - rewrite (norm_zero (V := V)); lra.
  - eapply Rle_trans; [apply (norm_triangle (V := V))|].
    apply Rplus_le_compat; [apply IH; auto with arith | auto with arith].
Qed.

Lemma norm_R (x : R) : norm (V := R_NormedModule) x = Rabs x.
Proof. easy. Qed.

Lemma norm_scal_Rabs {V : NormedModule R_AbsRing} (a : R) (v : V) : norm (scal a v) <= Rabs a * norm v.
Proof. apply (norm_scal (V := V)). Qed.

Lemma vsum_scal_l {V : NormedModule R_AbsRing} (p : nat -> R) (w : V) n :
  vsum (fun j => scal (p j) w) n = scal (sum p n) w.
Proof.
  induction n as [|n IH]; simpl; [symmetry; apply (scal_zero_l (V := V))|].
  rewrite IH. symmetry. apply (scal_distr_r (V := V)).
Qed.

Lemma vsum_plus {V : AbelianGroup} (f g : nat -> V) n :
  vsum (fun i => plus (f i) (g i)) n = plus (vsum f n) (vsum g n).
Proof.
  induction n as [|n IH]; simpl; [symmetry; apply plus_zero_l|]. rewrite IH.
  rewrite <- !plus_assoc. f_equal. rewrite !plus_assoc. f_equal. apply plus_comm.
Qed.

Lemma vsum_scal {V : NormedModule R_AbsRing} (c : R) (f : nat -> V) n :
  vsum (fun i => scal c (f i)) n = scal c (vsum f n).
Proof.
  induction n as [|n IH]; simpl; [symmetry; apply (scal_zero_r (V := V))|].
  rewrite IH. symmetry. apply (scal_distr_l (V := V)).
Qed.

Lemma vsum_opp {V : AbelianGroup} (f : nat -> V) n : vsum (fun i => opp (f i)) n = opp (vsum f n).
Proof. induction n as [|n IH]; simpl; [symmetry; apply opp_zero|]. rewrite IH. symmetry. apply opp_plus. Qed.

Lemma vsum_zero {V : AbelianGroup} (f : nat -> V) n : (forall i, (i < n)%nat -> f i = zero) -> vsum f n = zero.
Proof. induction n as [|n IH]; intros H; simpl; [easy|]. rewrite IH, H; auto with arith. apply plus_zero_l. Qed.

(** The derivative of a finite sum of numbers, and of vectors. *)
Lemma filterdiff_sum {U : NormedModule R_AbsRing} (f df : nat -> U -> R) (x : U) n :
  (forall i, (i < n)%nat -> filterdiff (f i) (locally x) (df i)) ->
  filterdiff (fun u => sum (fun i => f i u) n) (locally x) (fun v => sum (fun i => df i v) n).
Proof.
  induction n as [|n IH]; intros H; simpl.
  - apply (filterdiff_const (F := locally x) (0 : R)).
  - apply (filterdiff_plus_fct (F := locally x) (fun u => sum (fun i => f i u) n) (f n)); auto with arith.
Qed.

Lemma filterdiff_vsum {U V : NormedModule R_AbsRing} (f df : nat -> U -> V) (x : U) n :
  (forall i, (i < n)%nat -> filterdiff (f i) (locally x) (df i)) ->
  filterdiff (fun u => vsum (fun i => f i u) n) (locally x) (fun v => vsum (fun i => df i v) n).
Proof.
  induction n as [|n IH]; intros H; simpl.
  - apply (filterdiff_const (F := locally x) (zero : V)).
  - apply (filterdiff_plus_fct (F := locally x) (fun u => vsum (fun i => f i u) n) (f n)); auto with arith.
Qed.

(** ** Sequences of tokens *)

Lemma with_token_same {U : Type} (x : nat -> U) tau u : with_token x tau u tau = u.
Proof. unfold with_token. now rewrite Nat.eqb_refl. Qed.

Lemma with_token_other {U : Type} (x : nat -> U) tau u j : j <> tau -> with_token x tau u j = x j.
Proof. intros H. unfold with_token. now destruct (Nat.eqb_spec j tau). Qed.

Lemma with_token_self {U : Type} (x : nat -> U) tau j : with_token x tau (x tau) j = x j.
Proof. unfold with_token. destruct (Nat.eqb_spec j tau); now subst. Qed.
