(** Facts about finite sums of numbers and of vectors, used by the proofs on softmax, state-space models and depth. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
Open Scope R_scope.

Lemma msum_ext f g n : (forall i, (i < n)%nat -> f i = g i) -> sum f n = sum g n.
Proof. induction n as [|n IH]; intros H; simpl; [easy|]. rewrite IH, H; auto with arith. Qed.

Lemma msum_le f g n : (forall i, (i < n)%nat -> f i <= g i) -> sum f n <= sum g n.
Proof.
  induction n as [|n IH]; intros H; simpl; [lra|].
  apply Rplus_le_compat; [apply IH; auto with arith | auto with arith].
Qed.

Lemma msum_plus f g n : sum (fun i => f i + g i) n = sum f n + sum g n.
Proof. induction n as [|n IH]; simpl; [lra|]. rewrite IH; lra. Qed.

Lemma msum_scal c f n : sum (fun i => c * f i) n = c * sum f n.
Proof. induction n as [|n IH]; simpl; [lra|]. rewrite IH; lra. Qed.

Lemma msum_scal_r c f n : sum (fun i => f i * c) n = sum f n * c.
Proof. induction n as [|n IH]; simpl; [lra|]. rewrite IH; lra. Qed.

Lemma msum_const c n : sum (fun _ => c) n = INR n * c.
Proof. induction n as [|n IH]; [simpl; lra|]. rewrite S_INR; simpl. rewrite IH; lra. Qed.

Lemma msum_zero f n : (forall i, (i < n)%nat -> f i = 0) -> sum f n = 0.
Proof. intros H. rewrite (msum_ext f (fun _ => 0) n H), msum_const; lra. Qed.

Lemma msum_nonneg f n : (forall i, (i < n)%nat -> 0 <= f i) -> 0 <= sum f n.
Proof. intros H. rewrite <- (msum_zero (fun _ => 0) n); auto. apply msum_le, H. Qed.

Lemma msum_pos f n : (0 < n)%nat -> (forall i, (i < n)%nat -> 0 < f i) -> 0 < sum f n.
Proof.
  intros Hn H. destruct n as [|n]; [lia|]. simpl.
  assert (0 <= sum f n) by (apply msum_nonneg; intros; left; auto with arith).
  specialize (H n); lra || (assert (0 < f n) by auto with arith; lra).
Qed.

Lemma msum_Rabs f n : Rabs (sum f n) <= sum (fun i => Rabs (f i)) n.
Proof.
  induction n as [|n IH]; simpl; [rewrite Rabs_R0; lra|].
  eapply Rle_trans; [apply Rabs_triang|]; lra.
Qed.

(** One term of a sum, and the rest. *)
Lemma msum_remove f n k : (k < n)%nat ->
  sum f n = f k + sum (fun i => if Nat.eqb i k then 0 else f i) n.
Proof.
  induction n as [|n IH]; intros Hk; [lia|]. simpl.
  destruct (Nat.eqb_spec n k) as [->|Hne].
  - rewrite (msum_ext (fun i => if Nat.eqb i k then 0 else f i) f k); [lra|].
    intros i Hi. destruct (Nat.eqb_spec i k); [lia|easy].
  - rewrite IH; [lra|lia].
Qed.

Lemma msum_term_le f n k : (k < n)%nat -> (forall i, (i < n)%nat -> 0 <= f i) -> f k <= sum f n.
Proof.
  intros Hk H. rewrite (msum_remove f n k Hk).
  assert (0 <= sum (fun i => if Nat.eqb i k then 0 else f i) n); [|lra].
  apply msum_nonneg; intros i Hi. destruct (Nat.eqb i k); [lra|auto].
Qed.

Lemma msum_swap f n m : sum (fun i => sum (fun j => f i j) m) n = sum (fun j => sum (fun i => f i j) n) m.
Proof.
  induction n as [|n IH]; simpl.
  - symmetry. apply msum_zero; easy.
  - rewrite IH, <- msum_plus. now apply msum_ext.
Qed.

(** The first term apart. *)
Lemma msum_S_l f n : sum f (S n) = f O + sum (fun i => f (S i)) n.
Proof. induction n as [|n IH]; [simpl; lra|]. change (sum f (S (S n))) with (sum f (S n) + f (S n)). rewrite IH; simpl; lra. Qed.

(** The order of summation reversed. *)
Lemma msum_rev f n : sum f n = sum (fun i => f (n - 1 - i)%nat) n.
Proof.
  induction n as [|n IH]; [easy|]. rewrite (msum_S_l (fun i => f (S n - 1 - i)%nat)).
  simpl. rewrite IH. replace (n - 0 - 0)%nat with n by lia.
  rewrite (msum_ext (fun i => f (n - 1 - i)%nat) (fun i => f (n - 0 - S i)%nat)); [lra|].
  intros; f_equal; lia.
Qed.

Lemma msum_telescope f n : sum (fun i => f (S i) - f i) n = f n - f O.
Proof. induction n as [|n IH]; simpl; [lra|]. rewrite IH; lra. Qed.

Lemma exp_mono x y : x <= y -> exp x <= exp y.
Proof. intros [H| ->]; [left; now apply exp_increasing | lra]. Qed.

(** ** Vectors *)

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
