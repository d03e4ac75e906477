(** The statements that are proved by machine, and nothing else: definitions and propositions, no proofs.

    Whoever audits the formal part of the ledger reads this file alone.  Each statement is named after the paper's
    (Horbatko, "Sessa: Selective State Space Attention", arXiv 2604.18580v2): [thm_28] is Theorem 28, [lem_B_5] is
    Lemma B.5; [ours_*] are sharper results of this project.  The comment above a statement says where it departs from
    the printed text.  The proof of [x] is the theorem [x_holds] in the folder [proofs]; [x_instance] shows that its
    hypotheses can be met. *)

From mathcomp Require all_ssreflect all_algebra.
From Coq Require Import Reals.
From Coquelicot Require Import Coquelicot.
Open Scope R_scope.

(** * Vocabulary *)

(** The sum of f(0), ..., f(n-1). *)
Fixpoint sum (f : nat -> R) (n : nat) : R :=
  match n with
  | O => 0
  | S m => sum f m + f m
  end.

(** The product of f(0), ..., f(n-1). *)
Fixpoint prod (f : nat -> R) (n : nat) : R :=
  match n with
  | O => 1
  | S m => prod f m * f m
  end.

(** * The solve over any commutative ring: 2.2, 3.1, (3) to (5) *)

(** * Stability: 4.2, 2, 25, D.1 to D.4 *)

(** * Polynomial decay: 8, 28, E.3, E.4, B.5 *)

(** * Closed forms of uniform routing: F.1 to F.3, 29 *)

(** * Softmax: C.1, 4.3, B.4, I.2, I.4 *)

(** The sum of the vectors f(0), ..., f(n-1). *)
Fixpoint vsum {V : AbelianGroup} (f : nat -> V) (n : nat) : V :=
  match n with
  | O => zero
  | S m => plus (vsum f m) (f m)
  end.

(** Tokens are vectors of a normed space: R^D with the Euclidean norm in the paper, any normed space here.  A map between
    such spaces has operator norm at most M.  [filterdiff f (locally x) l] is Coquelicot's: l is the derivative of f at x. *)
Definition opnorm_le {U V : NormedModule R_AbsRing} (l : U -> V) (M : R) : Prop :=
  forall v, norm (l v) <= M * norm v.

(** The sequence x with token tau replaced by u. *)
Definition with_token {U : Type} (x : nat -> U) (tau : nat) (u : U) : nat -> U :=
  fun j => if Nat.eqb j tau then u else x j.

(** The weights of the n logits b(0), ..., b(n-1). *)
Definition softmax (b : nat -> R) (n j : nat) : R := exp (b j) / sum (fun i => exp (b i)) n.

(** Lemma C.1, (41): logits of spread at most D give weights within a factor e^D of 1/n, and of one another. *)
Definition lem_C_1_hypotheses (b : nat -> R) (n : nat) (D : R) : Prop :=
  forall i j, (i < n)%nat -> (j < n)%nat -> b i - b j <= D.

Definition lem_C_1 : Prop :=
  forall b n D, lem_C_1_hypotheses b n D -> forall j, (j < n)%nat ->
  exp (- D) / INR n <= softmax b n j <= exp D / INR n
  /\ forall i, (i < n)%nat -> exp (- D) <= softmax b n i / softmax b n j <= exp D.

(** Sharper than Lemma C.1: the least and the largest weight of n logits of spread at most D; each is attained. *)
Definition ours_C_1 : Prop :=
  (forall b n D, lem_C_1_hypotheses b n D -> forall j, (j < n)%nat ->
   / (1 + (INR n - 1) * exp D) <= softmax b n j <= exp D / (exp D + (INR n - 1)))
  /\ forall n D, (1 <= n)%nat -> 0 <= D ->
     exists low high, lem_C_1_hypotheses low n D /\ lem_C_1_hypotheses high n D
     /\ softmax low n 0 = / (1 + (INR n - 1) * exp D) /\ softmax high n 0 = exp D / (exp D + (INR n - 1)).

(** Lemma B.4: the derivative of a softmax row by a parameter z.  If logit i has a derivative of norm at most size(i), then
    each weight has a derivative, and norms of these add up to at most 2 sum_i alpha_i size(i).  The parameter may be a vector. *)
Definition lem_B_4_hypotheses (U : NormedModule R_AbsRing) (n : nat) (logit : nat -> U -> R) (z : U)
    (dlogit : nat -> U -> R) (size : nat -> R) : Prop :=
  forall i, (i < n)%nat -> filterdiff (logit i) (locally z) (dlogit i) /\ opnorm_le (dlogit i) (size i).

Definition lem_B_4 : Prop :=
  forall U n logit z dlogit size, lem_B_4_hypotheses U n logit z dlogit size ->
  let alpha j u := softmax (fun i => logit i u) n j in
  exists dalpha dsize,
    (forall j, (j < n)%nat -> filterdiff (alpha j) (locally z) (dalpha j) /\ opnorm_le (dalpha j) (dsize j))
    /\ sum dsize n <= 2 * sum (fun i => alpha i z * size i) n.

(** Lemma 4.3: attention row t with the logits <q(x_t), k(x_j)>, j <= t, of token-wise queries and keys with d coordinates.
    For tau < t the derivatives of the weights by token tau have norms that add up to at most 2 alpha_(t,tau) size, where size
    bounds the derivative of the logit at tau.  Here sharper: 2 alpha (1 - alpha) size, which is an equality. *)
Definition attention_logit {U : Type} (q k : U -> nat -> R) (d : nat) (x : nat -> U) (t j : nat) : R :=
  sum (fun i => q (x t) i * k (x j) i) d.

Definition attention_weight {U : Type} (q k : U -> nat -> R) (d : nat) (x : nat -> U) (t j : nat) : R :=
  softmax (attention_logit q k d x t) (S t) j.

Definition lem_4_3_hypotheses (U : NormedModule R_AbsRing) (q k : U -> nat -> R) (d : nat) (x : nat -> U) (t tau : nat)
    (dlogit : U -> R) (size : R) : Prop :=
  (tau < t)%nat /\ 0 <= size
  /\ filterdiff (fun u => attention_logit q k d (with_token x tau u) t tau) (locally (x tau)) dlogit
  /\ opnorm_le dlogit size.

Definition lem_4_3 : Prop :=
  forall U q k d x t tau dlogit size, lem_4_3_hypotheses U q k d x t tau dlogit size ->
  let alpha := attention_weight q k d x t tau in
  exists dalpha dsize,
    (forall j, (j <= t)%nat ->
       filterdiff (fun u => attention_weight q k d (with_token x tau u) t j) (locally (x tau)) (dalpha j)
       /\ opnorm_le (dalpha j) (dsize j))
    /\ sum dsize (S t) = 2 * alpha * (1 - alpha) * size
    /\ sum dsize (S t) <= 2 * alpha * size.

(** Lemma I.2: the softmax of s b puts weight at least 1 - delta on the largest logit, which leads by Delta, as soon as
    s Delta >= log((n - 1)/delta). *)
Definition lem_I_2_hypotheses (b : nat -> R) (n top : nat) (Delta s delta : R) : Prop :=
  (top < n)%nat /\ 0 < s /\ 0 < delta
  /\ (forall i, (i < n)%nat -> i <> top -> b i <= b top - Delta)
  /\ ln ((INR n - 1) / delta) <= s * Delta.

Definition lem_I_2 : Prop :=
  forall b n top Delta s delta, lem_I_2_hypotheses b n top Delta s delta ->
  1 - delta <= softmax (fun i => s * b i) n top.

(** Corollary I.3: at a fixed scale s, logits multiplied by c^2 give arbitrarily sharp rows. *)
Definition cor_I_3_hypotheses (b : nat -> R) (n top : nat) (Delta s delta c : R) : Prop :=
  (top < n)%nat /\ 0 < s /\ 0 < delta /\ 0 < c
  /\ (forall i, (i < n)%nat -> i <> top -> b i <= b top - Delta)
  /\ ln ((INR n - 1) / delta) <= s * c ^ 2 * Delta.

Definition cor_I_3 : Prop :=
  forall b n top Delta s delta c, cor_I_3_hypotheses b n top Delta s delta c ->
  1 - delta <= softmax (fun i => s * (c ^ 2 * b i)) n top.

(** Lemma I.4: a mixture with weight at least 1 - delta on one vector is within 2 delta V of that vector, V a bound on all.
    The paper's V is the largest norm. *)
Definition lem_I_4_hypotheses (V : NormedModule R_AbsRing) (w : nat -> V) (p : nat -> R) (n one : nat) (delta Vmax : R) : Prop :=
  (one < n)%nat /\ (forall j, (j < n)%nat -> 0 <= p j /\ norm (w j) <= Vmax) /\ sum p n = 1 /\ 1 - delta <= p one.

Definition lem_I_4 : Prop :=
  forall V w p n one delta Vmax, lem_I_4_hypotheses V w p n one delta Vmax ->
  norm (minus (vsum (fun j => scal (p j) (w j)) n) (w one)) <= 2 * delta * Vmax.

(** Lemma I.6: attention with weight at least 1 - delta on the diagonal returns its values up to 2 delta V per token, and up
    to 2 delta V sqrt(T) in the Frobenius norm of T tokens. *)
Definition lem_I_6_hypotheses (V : NormedModule R_AbsRing) (v : nat -> V) (alpha : nat -> nat -> R) (T : nat) (delta Vmax : R) : Prop :=
  0 <= delta /\ forall t, (t < T)%nat -> lem_I_4_hypotheses V v (alpha t) (S t) t delta Vmax.

Definition lem_I_6 : Prop :=
  forall V v alpha T delta Vmax, lem_I_6_hypotheses V v alpha T delta Vmax ->
  let f t := vsum (fun j => scal (alpha t j) (v j)) (S t) in
  (forall t, (t < T)%nat -> norm (minus (f t) (v t)) <= 2 * delta * Vmax)
  /\ sqrt (sum (fun t => norm (minus (f t) (v t)) ^ 2) T) <= 2 * delta * Vmax * sqrt (INR T).

(** Lemma I.13: nearly diagonal attention on values v that approximate phi within eta returns phi of the token itself within
    2 delta (M + eta) + eta.  For one row; the paper's supremum over inputs and times bounds every row alike. *)
Definition lem_I_13_hypotheses (V : NormedModule R_AbsRing) (v phi : nat -> V) (alpha : nat -> R) (t : nat) (delta eta M : R) : Prop :=
  (forall j, (j <= t)%nat -> 0 <= alpha j /\ norm (phi j) <= M /\ norm (minus (v j) (phi j)) <= eta)
  /\ sum alpha (S t) = 1 /\ 1 - delta <= alpha t.

Definition lem_I_13 : Prop :=
  forall V v phi alpha t delta eta M, lem_I_13_hypotheses V v phi alpha t delta eta M ->
  norm (minus (vsum (fun j => scal (alpha j) (v j)) (S t)) (phi t)) <= 2 * delta * (M + eta) + eta.

(** * State-space models: 3, 4, 4.4, 5, 4.6, 33 *)

(** * Convolutions and depth: B.6, G.1, 30, H.1, 31 to 35 *)

(** * Jacobian tails: B.3, 23, B.7, 9, 10 *)

(** * Positions: I.7, I.8, 4.10 to 4.13 *)

(** * Selective retrieval: Appendix K *)

(** * GELU and LayerNorm: K.3, K.6, J.1 *)

(** * Rounding: forward substitution in floating-point arithmetic *)
