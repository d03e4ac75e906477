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

Module OverAnyRing.
Import ssreflect ssrbool ssrfun eqtype ssrnat seq path tuple fintype bigop ssralg matrix.
Import GRing.Theory.
Local Open Scope ring_scope.

(** Only entries below the diagonal: token t reads tokens j < t. *)
Definition strictly_lower {R : comRingType} {T : nat} (B : 'M[R]_T) : Prop :=
  forall t j : 'I_T, (t <= j)%N -> B t j = 0.

(** B^k. *)
Fixpoint power {R : comRingType} {T : nat} (B : 'M[R]_T) (k : nat) : 'M[R]_T :=
  match k with
  | O => 1%:M
  | S m => power B m *m B
  end.

(** A path from i is written as the list of the tokens that it visits after i.  Its weight: the product of the entries
    of B over its hops. *)
Fixpoint weight {R : comRingType} {T : nat} (B : 'M[R]_T) (i : 'I_T) (hops : seq 'I_T) : R :=
  match hops with
  | [::] => 1
  | next :: rest => B next i * weight B next rest
  end.

Definition earlier {T : nat} (i j : 'I_T) : bool := (i < j)%N.

(** Remark 2.2, (3) to (5): B is strictly lower triangular, hence nilpotent; hence I - B has the inverse
    1 + B + ... + B^(T-1); and an entry (t, j) of B^k is the sum, over all increasing paths of k hops from j to t, of
    the product of the entries of B along the path.
    Over any commutative ring; the paper says it for real numbers, and (5) for k >= 1: it holds for k = 0 as well. *)
Definition rem_2_2_hypotheses {R : comRingType} {T : nat} (B : 'M[R]_T) : Prop := strictly_lower B.

Definition rem_2_2 : Prop :=
  forall (R : comRingType) (T : nat) (B : 'M[R]_T), rem_2_2_hypotheses B ->
    power B T = 0 /\
    (1%:M - B) *m (\sum_(k < T) power B k) = 1%:M /\
    (\sum_(k < T) power B k) *m (1%:M - B) = 1%:M /\
    forall (k : nat) (t j : 'I_T),
      power B k t j = \sum_(hops : k.-tuple 'I_T | path earlier j hops && (last j hops == t)) weight B j hops.

(** B with the entries gamma_t alpha_{t,j} for j < t, and 0 elsewhere. *)
Definition feedback {R : comRingType} {T : nat} (gamma : 'I_T -> R) (alpha : 'M[R]_T) : 'M[R]_T :=
  \matrix_(t, j) if (j < t)%N then gamma t * alpha t j else 0.

(** Remark 3.1, with (21) and (22): the states s_t = f_t + gamma_t sum_{j < t} alpha_{t,j} s_j are the finite series
    sum_{k < T} B^k f, and nothing else solves the recurrence.
    Over any commutative ring, with r channels and no hypothesis on gains or weights. *)
Definition rem_3_1 : Prop :=
  forall (R : comRingType) (T r : nat) (gamma : 'I_T -> R) (alpha : 'M[R]_T) (f s : 'M[R]_(T, r)),
    (forall t c, s t c = f t c + gamma t * \sum_(j < T | (j < t)%N) alpha t j * s j c) <->
    s = (\sum_(k < T) power (feedback gamma alpha) k) *m f.

(** Lower triangular with ones on the diagonal. *)
Definition unit_lower {R : comRingType} {T : nat} (K : 'M[R]_T) : Prop :=
  forall t j : 'I_T, (t <= j)%N -> K t j = (t == j)%:R.

(** The map u -> K u is causal: row t of the output does not change with rows of u after t. *)
Definition causal {R : comRingType} {T : nat} (K : 'M[R]_T) : Prop :=
  forall (u u' : 'cV[R]_T) (t : 'I_T), (forall j : 'I_T, (j <= t)%N -> u j ord0 = u' j ord0) -> (K *m u) t ord0 = (K *m u') t ord0.

(** Remark 2.1: kernels do not tell a direct read from feedback.  A linear map is causal exactly if its kernel is lower
    triangular; and a matrix K is the kernel of a solve, K (I - B) = I with some strictly lower triangular B, exactly if it
    is lower triangular with ones on the diagonal.
    The paper says that causal linear maps have lower triangular kernels; the rest is ours. *)
Definition rem_2_1 : Prop :=
  forall (R : comRingType) (T : nat) (K : 'M[R]_T),
    (causal K <-> forall t j : 'I_T, (t < j)%N -> K t j = 0) /\
    (unit_lower K <-> exists B : 'M[R]_T, strictly_lower B /\ K *m (1%:M - B) = 1%:M /\ (1%:M - B) *m K = 1%:M).

End OverAnyRing.

(** * Stability: 4.2, 2, 25, D.1 to D.4 *)

(** Tokens are numbered 0, 1, 2, ... without end; token t of a sequence x has the coordinates x t 0, ..., x t (d-1). *)
Module Stability.

Definition norm2 (d : nat) (v : nat -> R) : R := sqrt (sum (fun i => v i ^ 2) d).

(** The norm of Definition 7 is at most M: every token lies in the ball of radius M. *)
Definition bounded (d : nat) (M : R) (x : nat -> nat -> R) : Prop := forall t, norm2 d (x t) <= M.

(** (21) and (22): s solves (I - B) s = f, B strictly lower triangular, on all coordinates i < r. *)
Definition solves (r : nat) (B : nat -> nat -> R) (f s : nat -> nat -> R) : Prop :=
  forall t i, (i < r)%nat -> s t i = f t i + sum (fun j => B t j * s j i) t.

(** Lemma 4.2, (50): if rows of |B| sum to at most rho < 1, then for every bounded f there is exactly one solution s, and
    it is at most 1 / (1 - rho) times as large.  It is the only one among all sequences, not only among bounded ones. *)
Definition lem_4_2_hypotheses (r : nat) (B : nat -> nat -> R) (rho F : R) (f : nat -> nat -> R) : Prop :=
  rho < 1 /\ (forall t, sum (fun j => Rabs (B t j)) t <= rho) /\ bounded r F f.

Definition lem_4_2 : Prop :=
  forall r B rho F f, lem_4_2_hypotheses r B rho F f ->
  exists s, solves r B f s /\ bounded r (1 / (1 - rho) * F) s /\
            forall s', solves r B f s' -> forall t i, (i < r)%nat -> s' t i = s t i.

(** The best constant of the solve for T tokens: 1 + rho + ... + rho^(T-1), for every rho >= 0; reached if every token
    reads its predecessor alone.
    Row: ours:bounded-solve
    Left: that layers come as near to it as one likes. *)
Definition ours_bounded_solve_hypotheses (r T : nat) (B : nat -> nat -> R) (rho F : R) (f s : nat -> nat -> R) : Prop :=
  0 <= rho /\ (forall t, (t < T)%nat -> sum (fun j => Rabs (B t j)) t <= rho) /\
  (forall t, (t < T)%nat -> norm2 r (f t) <= F) /\ solves r B f s.

Definition ours_bounded_solve : Prop :=
  (forall r T B rho F f s, ours_bounded_solve_hypotheses r T B rho F f s ->
     forall t, (t < T)%nat -> norm2 r (s t) <= sum (fun k => rho ^ k) T * F) /\
  (forall T rho, 0 <= rho -> exists B f s, ours_bounded_solve_hypotheses 1 (S T) B rho 1 f s /\
     norm2 1 (s T) = sum (fun k => rho ^ k) (S T)).

(** A row vector times the matrix W with r rows. *)
Definition times (r : nat) (v : nat -> R) (W : nat -> nat -> R) (c : nat) : R := sum (fun i => v i * W i c) r.

(** The spectral norm of the r x d matrix W is at most w. *)
Definition spectral_bound (r d : nat) (W : nat -> nat -> R) (w : R) : Prop :=
  0 <= w /\ forall v, norm2 d (times r v W) <= w * norm2 r v.

(** Lemma D.2: y_t = x_t W + b has at most the norm |W| |x| + |b|.  W is d x d'; w is any bound on its spectral norm. *)
Definition lem_D_2_hypotheses (d d' : nat) (W : nat -> nat -> R) (w X : R) (x : nat -> nat -> R) : Prop :=
  spectral_bound d d' W w /\ bounded d X x.

Definition lem_D_2 : Prop :=
  forall d d' W w X x b, lem_D_2_hypotheses d d' W w X x ->
  bounded d' (w * X + norm2 d' b) (fun t c => times d (x t) W c + b c).

(** (45): weights over the strict past, not negative, with sum 1 for t >= 1. *)
Definition causal_weights (alpha : nat -> nat -> R) : Prop :=
  (forall t j, (j < t)%nat -> 0 <= alpha t j) /\ forall t, (1 <= t)%nat -> sum (alpha t) t = 1.

(** Lemma D.3: causal attention does not enlarge the norm of its values. *)
Definition lem_D_3_hypotheses (r : nat) (alpha : nat -> nat -> R) (M : R) (v : nat -> nat -> R) : Prop :=
  causal_weights alpha /\ bounded r M v.

Definition lem_D_3 : Prop :=
  forall r alpha M v, lem_D_3_hypotheses r alpha M v -> bounded r M (fun t i => sum (fun j => alpha t j * v j i) t).

(** A block on sequences: weights, gains, f and g may depend on the whole input in any way; y is an output for x if
    y = x + (s * g) W + b with (I - B) s = f and B_{t,j} = gamma_t alpha_{t,j}. *)
Record block := {
  weights : (nat -> nat -> R) -> nat -> nat -> R;
  gains : (nat -> nat -> R) -> nat -> R;
  signal : (nat -> nat -> R) -> nat -> nat -> R;
  gate : (nat -> nat -> R) -> nat -> nat -> R;
  W_out : nat -> nat -> R;
  b_out : nat -> R }.

Definition gives (m r : nat) (p : block) (x y : nat -> nat -> R) : Prop :=
  exists s, solves r (fun t j => gains p x t * weights p x t j) (signal p x) s /\
  forall t c, (c < m)%nat -> y t c = x t c + (times r (fun i => s t i * gate p x t i) (W_out p) c + b_out p c).

(** Proposition 25, (51) and (52): one block with gains tanh(u_t), bounded ball to ball. *)
Definition prop_25_hypotheses (m r : nat) (p : block) (u : (nat -> nat -> R) -> nat -> R)
    (w cf Lf cg Lg cu Lu : R) : Prop :=
  (forall x, causal_weights (weights p x)) /\ (forall x t, gains p x t = tanh (u x t)) /\
  spectral_bound r m (W_out p) w /\
  0 <= cf /\ 0 <= Lf /\ 0 <= cg /\ 0 <= Lg /\ 0 <= cu /\ 0 <= Lu /\
  forall x X, bounded m X x ->
    bounded r (cf + Lf * X) (signal p x) /\ bounded r (cg + Lg * X) (gate p x) /\
    forall t, Rabs (u x t) <= cu + Lu * X.

Definition prop_25 : Prop :=
  forall m r p u w cf Lf cg Lg cu Lu, prop_25_hypotheses m r p u w cf Lf cg Lg cu Lu ->
  forall R x y, bounded m R x -> gives m r p x y ->
    let rho := tanh (cu + Lu * R) in
    rho < 1 /\ bounded m (R + w * ((cf + Lf * R) * (cg + Lg * R) / (1 - rho)) + norm2 m (b_out p)) y.

(** Definition 8: bounded inputs have bounded outputs, with a bound that depends on that of the input alone. *)
Definition bibo (m : nat) (N : (nat -> nat -> R) -> (nat -> nat -> R) -> Prop) : Prop :=
  forall R, exists C, forall x y, bounded m R x -> N x y -> bounded m C y.

(** Proposition 2: a block with f, g bounded and gains at most rho(R) < 1 on every ball is BIBO-stable, and every input has
    an output. *)
Definition prop_2_hypotheses (m r : nat) (p : block) : Prop :=
  (forall x, causal_weights (weights p x)) /\
  forall R, exists F G rho, rho < 1 /\ forall x, bounded m R x ->
    bounded r F (signal p x) /\ bounded r G (gate p x) /\ forall t, Rabs (gains p x t) <= rho.

Definition prop_2 : Prop :=
  forall m r p, prop_2_hypotheses m r p -> (forall x, exists y, gives m r p x y) /\ bibo m (gives m r p).

(** Blocks one after the other. *)
Fixpoint stack (m r : nat) (blocks : list block) (x y : nat -> nat -> R) : Prop :=
  match blocks with
  | nil => x = y
  | cons p rest => exists z, gives m r p x z /\ stack m r rest z y
  end.

(** Section 4.1, after Proposition 2: a network of such blocks is BIBO-stable.
    Row: none *)
Definition ours_deep_stability_hypotheses (m r : nat) (blocks : list block) : Prop :=
  forall p, List.In p blocks -> prop_2_hypotheses m r p.

Definition ours_deep_stability : Prop :=
  forall m r blocks, ours_deep_stability_hypotheses m r blocks -> bibo m (stack m r blocks).

(** The gate enters with its largest entry: |s * g| <= |s| max |g_i|, which puts the largest entry in place of the norm in
    Propositions 2 and 25.
    Row: ours:bounded-gate
    Left: the bound of a whole block for T tokens, which adds [ours_bounded_solve]. *)
Definition ours_bounded_gate_hypotheses (r : nat) (g : nat -> R) (G : R) : Prop := forall i, (i < r)%nat -> Rabs (g i) <= G.

Definition ours_bounded_gate : Prop :=
  forall r s g G, ours_bounded_gate_hypotheses r g G -> 0 <= G -> norm2 r (fun i => s i * g i) <= G * norm2 r s.

End Stability.

(** * Polynomial decay: 8, 28, E.3, E.4, B.5 *)

(** * Closed forms of uniform routing: F.1 to F.3, 29 *)

(** * Softmax: C.1, 4.3, B.4, I.2, I.4 *)

(** * State-space models: 3, 4, 4.4, 5, 4.6, 33 *)

(** * Convolutions and depth: B.6, G.1, 30, H.1, 31 to 35 *)

(** * Jacobian tails: B.3, 23, B.7, 9, 10 *)

(** * Positions: I.7, I.8, 4.10 to 4.13 *)

(** * Selective retrieval: Appendix K *)

(** * GELU and LayerNorm: K.3, K.6, J.1 *)

(** * Rounding: forward substitution in floating-point arithmetic *)
