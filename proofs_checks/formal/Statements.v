(** The statements that are proved by machine, and nothing else: definitions and propositions, no proofs.

    Whoever audits the formal part of the ledger reads this file alone.  Each statement is named after the paper's
    (Horbatko, "Sessa: Selective State Space Attention", arXiv 2604.18580v2): [thm_28] is Theorem 28, [lem_B_5] is
    Lemma B.5; [ours_*] are sharper results of this project.  The comment above a statement says where it departs from
    the printed text.  The proof of [x] is the theorem [x_holds] in the folder [proofs]; [x_instance] shows that its
    hypotheses can be met. *)

From mathcomp Require all_ssreflect all_algebra.
From Flocq Require Core.
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

(** The Euclidean norm of the vector v(0), ..., v(n-1). *)
Definition norm2 (n : nat) (v : nat -> R) : R := sqrt (sum (fun i => v i ^ 2) n).

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

(** Tokens are numbered 0, 1, 2, ... without end; token t of a sequence x has the coordinates x t 0, ..., x t (d-1).  A block
    on T tokens counts as one that does not look at others, and has gain 0, signal 0 and gate 0 from token T on. *)
Module Stability.

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
    y = x + (s ⊙ g) W + b with (I - B) s = f and B_{t,j} = gamma_t alpha_{t,j}. *)
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

(** The gate enters with its largest entry: |s ⊙ g| <= |s| max |g_i|, which puts the largest entry in place of the norm in
    Propositions 2 and 25.
    Row: ours:bounded-gate
    Left: the bound of a whole block for T tokens, which adds [ours_bounded_solve]. *)
Definition ours_bounded_gate_hypotheses (r : nat) (g : nat -> R) (G : R) : Prop := forall i, (i < r)%nat -> Rabs (g i) <= G.

Definition ours_bounded_gate : Prop :=
  forall r s g G, ours_bounded_gate_hypotheses r g G -> 0 <= G -> norm2 r (fun i => s i * g i) <= G * norm2 r s.

End Stability.

(** * Polynomial decay: 8, 28, E.3, E.4, B.5 *)

(** Gamma by Gauss's limit: the limit of n! n^x / (x (x+1) ... (x+n)), for x > 0.  That it is the Gamma function is
    [ours_gamma_function]. *)
Definition gauss (x : R) (n : nat) : R :=
  INR (fact n) * Rpower (INR n) x / prod (fun i => x + INR i) (S n).

Definition Gamma (x : R) : R := real (Lim_seq (gauss x)).

(** The logarithm of a positive function is convex; what makes a function the Gamma function (Bohr and Mollerup). *)
Definition log_convex (f : R -> R) : Prop :=
  forall p x y, 0 <= p <= 1 -> 0 < x -> 0 < y -> ln (f (p * x + (1 - p) * y)) <= p * ln (f x) + (1 - p) * ln (f y).

Definition is_gamma (f : R -> R) : Prop :=
  f 1 = 1 /\ (forall x, 0 < x -> 0 < f x) /\ (forall x, 0 < x -> f (x + 1) = x * f x) /\ log_convex f.

(** This Gamma is positive, Gamma(1) = 1, Gamma(x+1) = x Gamma(x), log Gamma is convex: and no other function on x > 0 has all
    of that, so that it is Euler's.  At whole numbers it is the factorial.

    Row: none *)
Definition ours_gamma_function : Prop :=
  is_gamma Gamma /\ (forall f, is_gamma f -> forall x, 0 < x -> f x = Gamma x)
  /\ forall n, Gamma (INR n + 1) = INR (fact n).

(** The impulse response of the solve: y = f + diag(gamma) alpha y in the rows t < T, where f is 1 at the source tau and 0
    elsewhere, and row t of alpha reads the strict past j < t. *)
Definition impulse_response (gamma : nat -> R) (alpha : nat -> nat -> R) (tau : nat) (y : nat -> R) (T : nat) : Prop :=
  forall t, (t < T)%nat -> y t = (if Nat.eqb t tau then 1 else 0) + gamma t * sum (fun j => alpha t j * y j) t.

(** Assumptions 6 and 26, (32) and (53): diffuse routing; Assumptions 7 and 27: bounded gains. *)
Definition diffuse (c2 : R) (alpha : nat -> nat -> R) (T : nat) : Prop :=
  forall t j, (j < t < T)%nat -> Rabs (alpha t j) <= c2 / INR t.

Definition bounded_gains (gamma_max : R) (gamma : nat -> R) (T : nat) : Prop :=
  forall t, (t < T)%nat -> Rabs (gamma t) <= gamma_max.

Definition decay_hypotheses (gamma : nat -> R) (alpha : nat -> nat -> R) (gamma_max c2 : R) (tau : nat) (y : nat -> R)
    (T : nat) : Prop :=
  impulse_response gamma alpha tau y T /\ diffuse c2 alpha T /\ bounded_gains gamma_max gamma T.

(** Theorem 28, (62): an impulse at 0 decays like t^(-beta_tail), beta_tail = 1 - eta, with the constant eta e^eta.
    Weaker hypotheses than printed: weights may be negative, rows may have any sum, gamma_max and eta may be 1 or more (then
    the bound does not fall).  eta < 1 is used for the limit alone. *)
Definition thm_28_hypotheses (gamma : nat -> R) (alpha : nat -> nat -> R) (gamma_max c2 : R) (y : nat -> R) : Prop :=
  forall T, decay_hypotheses gamma alpha gamma_max c2 0 y T.

Definition thm_28 : Prop :=
  forall gamma alpha gamma_max c2 y, thm_28_hypotheses gamma alpha gamma_max c2 y ->
  let eta := gamma_max * c2 in
  (forall t, (1 <= t)%nat -> Rabs (y t) <= eta * exp eta * Rpower (INR t) (- (1 - eta)))
  /\ (eta < 1 -> is_lim_seq y 0).

(** Corollary E.3: the same in the rows below one horizon T, of which alone the hypotheses speak. *)
Definition cor_E_3_hypotheses (gamma : nat -> R) (alpha : nat -> nat -> R) (gamma_max c2 : R) (y : nat -> R) (T : nat) : Prop :=
  decay_hypotheses gamma alpha gamma_max c2 0 y T.

Definition cor_E_3 : Prop :=
  forall gamma alpha gamma_max c2 y T, cor_E_3_hypotheses gamma alpha gamma_max c2 y T ->
  let eta := gamma_max * c2 in
  forall t, (1 <= t < T)%nat -> Rabs (y t) <= eta * exp eta * Rpower (INR t) (- (1 - eta)).

(** Corollary E.4: the same for an impulse at any position tau; nothing happens before it. *)
Definition cor_E_4_hypotheses (gamma : nat -> R) (alpha : nat -> nat -> R) (gamma_max c2 : R) (tau : nat) (y : nat -> R) : Prop :=
  forall T, decay_hypotheses gamma alpha gamma_max c2 tau y T.

Definition cor_E_4 : Prop :=
  forall gamma alpha gamma_max c2 tau y, cor_E_4_hypotheses gamma alpha gamma_max c2 tau y ->
  let eta := gamma_max * c2 in
  (forall t, (t < tau)%nat -> y t = 0) /\ y tau = 1
  /\ forall t, (tau < t)%nat -> Rabs (y t) <= eta * exp eta * Rpower (INR (t - tau)) (- (1 - eta)).

(** Theorem 8: the same by the lag, with beta_tail = 1 - gamma_max c2 and C = (1 - beta_tail) e^(1 - beta_tail), on any horizon,
    uniformly over the source.  At beta_tail = 1 it says that y is 0 after the source.  0 < beta_tail is not needed. *)
Definition thm_8_hypotheses (gamma : nat -> R) (alpha : nat -> nat -> R) (gamma_max c2 : R) (tau : nat) (y : nat -> R)
    (T : nat) (beta_tail : R) : Prop :=
  decay_hypotheses gamma alpha gamma_max c2 tau y T /\ beta_tail = 1 - gamma_max * c2.

Definition thm_8 : Prop :=
  forall gamma alpha gamma_max c2 tau y T beta_tail, thm_8_hypotheses gamma alpha gamma_max c2 tau y T beta_tail ->
  forall l, (1 <= l)%nat -> (tau + l < T)%nat ->
  Rabs (y (tau + l)%nat) <= (1 - beta_tail) * exp (1 - beta_tail) * Rpower (INR l) (- beta_tail).

(** Lemma B.5: the entries of K = (I - B)^-1, B(t, j) = gamma(t) alpha(t, j) for j < t < T.  Column k of (I - B) K = I says that
    K(., k) is the impulse response at k.  Row sums of 1 are not needed, nor 0 < eta < 1. *)
Definition lem_B_5_hypotheses (gamma : nat -> R) (alpha : nat -> nat -> R) (gamma_max c2 : R) (K : nat -> nat -> R) (T : nat) : Prop :=
  forall k, (k < T)%nat -> decay_hypotheses gamma alpha gamma_max c2 k (fun t => K t k) T.

Definition lem_B_5 : Prop :=
  forall gamma alpha gamma_max c2 K T, lem_B_5_hypotheses gamma alpha gamma_max c2 K T ->
  let eta := gamma_max * c2 in
  (forall t, (t < T)%nat -> K t t = 1)
  /\ forall k t, (k < t < T)%nat -> Rabs (K t k) <= eta * exp eta * Rpower (INR (t - k)) (- (1 - eta)).

(** Remark E.2: without feedback, eta = 0, all gains are 0 (where c2 > 0) and the impulse stays where it is. *)
Definition rem_E_2_hypotheses (gamma : nat -> R) (alpha : nat -> nat -> R) (gamma_max c2 : R) (tau : nat) (y : nat -> R)
    (T : nat) : Prop :=
  decay_hypotheses gamma alpha gamma_max c2 tau y T /\ gamma_max * c2 = 0.

Definition rem_E_2 : Prop :=
  forall gamma alpha gamma_max c2 tau y T, rem_E_2_hypotheses gamma alpha gamma_max c2 tau y T ->
  (0 < c2 -> forall t, (t < T)%nat -> gamma t = 0) /\ ((tau < T)%nat -> y tau = 1) /\ forall t, (tau < t < T)%nat -> y t = 0.

(** Remark E.1: rows that sum to 1 need c2 >= 1; rows that sum to at most 1 can have any c2 > 0 as their least one. *)
Definition rem_E_1 : Prop :=
  (forall alpha c2 t T, (1 <= t < T)%nat -> diffuse c2 alpha T -> sum (alpha t) t = 1 -> 1 <= c2)
  /\ forall c2, 0 < c2 -> exists alpha,
     (forall t j, 0 <= alpha t j) /\ (forall t, (1 <= t)%nat -> sum (alpha t) t <= 1)
     /\ (forall T, diffuse c2 alpha T) /\ forall c, (forall T, diffuse c alpha T) -> c2 <= c.

(** Remark B.1: 1/t and 1/(t+1) are the same up to the constants 1 and 2, which are the best. *)
Definition rem_B_1 : Prop :=
  (forall t, (1 <= t)%nat -> 1 / INR (t + 1) <= 1 / INR t <= 2 / INR (t + 1))
  /\ (forall c, (forall t, (1 <= t)%nat -> 1 / INR t <= c / INR (t + 1)) -> 2 <= c)
  /\ forall c, (forall t, (1 <= t)%nat -> c / INR (t + 1) <= 1 / INR t) -> c <= 1.

(** What uniform routing with gain eta makes of an impulse at tau, t > tau: (eta/t) times the product of 1 + eta/j over
    tau < j < t.  With a_tau and b_t, quotients of Gammas, it is eta a_tau b_t. *)
Definition growth (eta : R) (tau t : nat) : R := prod (fun i => 1 + eta / INR (S tau + i)) (t - S tau).
Definition uniform_influence (eta : R) (tau t : nat) : R := eta / INR t * growth eta tau t.

Definition source_factor (eta : R) (tau : nat) : R := Gamma (INR tau + 1) / Gamma (INR tau + 1 + eta).
Definition target_factor (eta : R) (t : nat) : R := Gamma (INR t + eta) / Gamma (INR t + 1).

(** Sharper than Theorems 8 and 28 and Lemma B.5: the bound that is exact in the source.  Uniform rows c2/t with all gains
    equal attain it, whatever eta is.  Products of finitely many fractions: Gamma is not needed.

    Row: ours:best-tail-constant
    Left: the constant that depends on eta alone, which is [ours_best_tail_constant]. *)
Definition ours_source_exact_hypotheses (gamma : nat -> R) (alpha : nat -> nat -> R) (gamma_max c2 : R) (tau : nat)
    (y : nat -> R) (T : nat) : Prop :=
  decay_hypotheses gamma alpha gamma_max c2 tau y T.

Definition ours_source_exact : Prop :=
  (forall gamma alpha gamma_max c2 tau y T, ours_source_exact_hypotheses gamma alpha gamma_max c2 tau y T ->
   forall t, (tau < t < T)%nat -> Rabs (y t) <= uniform_influence (gamma_max * c2) tau t)
  /\ forall gamma_max c2 tau T, 0 <= gamma_max -> 0 <= c2 -> exists gamma alpha y,
     ours_source_exact_hypotheses gamma alpha gamma_max c2 tau y T
     /\ forall t, (tau < t < T)%nat -> y t = uniform_influence (gamma_max * c2) tau t.

(** The best constant that depends on eta alone: 1/Gamma(eta) in place of eta e^eta, for 0 < eta < 1.  No smaller one serves
    (already for uniform rows, c2 = 1, and an impulse at 0), and it is below eta e^eta.  The bound eta a_tau b_t before it is
    attained by rows that sum to c2 <= 1.  On one horizon the best constant is the last factor of uniform routing. *)
Definition ours_best_tail_constant_hypotheses (gamma : nat -> R) (alpha : nat -> nat -> R) (gamma_max c2 : R) (tau : nat)
    (y : nat -> R) (T : nat) : Prop :=
  decay_hypotheses gamma alpha gamma_max c2 tau y T /\ 0 < gamma_max * c2 < 1.

Definition ours_best_tail_constant : Prop :=
  (forall gamma alpha gamma_max c2 tau y T, ours_best_tail_constant_hypotheses gamma alpha gamma_max c2 tau y T ->
   let eta := gamma_max * c2 in
   forall l, (1 <= l)%nat -> (tau + l < T)%nat ->
   Rabs (y (tau + l)%nat) <= eta * source_factor eta tau * target_factor eta (tau + l)
   /\ Rabs (y (tau + l)%nat) <= / Gamma eta * Rpower (INR l) (- (1 - eta))
   /\ Rabs (y (tau + l)%nat)
      <= eta * source_factor eta 0 * target_factor eta (T - 1) * Rpower (INR (T - 1)) (1 - eta) * Rpower (INR l) (- (1 - eta)))
  /\ (forall gamma_max c2 tau, 0 < gamma_max < 1 -> 0 < c2 <= 1 -> let eta := gamma_max * c2 in exists alpha y,
      (forall t j, 0 <= alpha t j) /\ (forall t, (1 <= t)%nat -> sum (alpha t) t <= 1)
      /\ (forall T, ours_best_tail_constant_hypotheses (fun _ => gamma_max) alpha gamma_max c2 tau y T)
      /\ forall t, (tau < t)%nat -> y t = eta * source_factor eta tau * target_factor eta t)
  /\ forall eta, 0 < eta < 1 ->
     / Gamma eta < eta * exp eta
     /\ forall C, C < / Gamma eta -> exists l y, (1 <= l)%nat
        /\ decay_hypotheses (fun _ => eta) (fun t _ => 1 / INR t) eta 1 0 y (S l) /\ C * Rpower (INR l) (- (1 - eta)) < y l.

(** Where rows of alpha sum to 1 and K = (I - B)^-1, rows of K weighted with 1 - gamma sum to 1; row 0 reads nothing, so its
    gain counts as 0.  With gains in [0, gamma_max] and weights >= 0 all influences on a token add up to at most 1/(1 - gamma_max).

    Row: none *)
Definition ours_row_sum_identity_hypotheses (gamma : nat -> R) (alpha : nat -> nat -> R) (K : nat -> nat -> R) (T : nat) : Prop :=
  (forall k, (k < T)%nat -> impulse_response gamma alpha k (fun t => K t k) T)
  /\ (forall t, (1 <= t < T)%nat -> sum (alpha t) t = 1) /\ gamma O = 0.

Definition ours_row_sum_identity : Prop :=
  forall gamma alpha K T, ours_row_sum_identity_hypotheses gamma alpha K T ->
  forall t, (t < T)%nat ->
  sum (fun k => K t k * (1 - gamma k)) (S t) = 1
  /\ forall gamma_max, gamma_max < 1 -> (forall s, (s < T)%nat -> 0 <= gamma s <= gamma_max) ->
     (forall s j, (j < s < T)%nat -> 0 <= alpha s j) -> sum (K t) (S t) <= / (1 - gamma_max).

(** Rows that sum to at most 1 decay without subcriticality: with the root b of b + gamma_max c2^b = 1 in (0, 1),
    |y(tau+l)| <= l^(-b)/|zeta(b)| <= (1-b) 2^(1-b) l^(-b) <= 2 l^(-b).  -zeta(b) is the limit of N^(1-b)/(1-b) less the sum of r^(-b), r < N.
    There is exactly one root for gamma_max < 1 <= c2, and it is at least 1 - gamma_max c2, with equality for c2 = 1 alone.
    No larger exponent serves: weights c2/t on the earliest t/c2 tokens, gain gamma_max, an impulse at 0. *)
Definition ours_row_sum_exponent_hypotheses (gamma : nat -> R) (alpha : nat -> nat -> R) (gamma_max c2 : R) (tau : nat)
    (y : nat -> R) (T : nat) (b : R) : Prop :=
  decay_hypotheses gamma alpha gamma_max c2 tau y T
  /\ (forall t, (t < T)%nat -> sum (fun j => Rabs (alpha t j)) t <= 1)
  /\ gamma_max <= 1 /\ 0 < c2 /\ 0 < b < 1 /\ b + gamma_max * Rpower c2 b = 1.

Definition minus_zeta (b z : R) : Prop :=
  is_lim_seq (fun N => Rpower (INR (S N)) (1 - b) / (1 - b) - sum (fun r => Rpower (INR (S r)) (- b)) N) z.

Definition ours_row_sum_exponent : Prop :=
  (forall gamma alpha gamma_max c2 tau y T b, ours_row_sum_exponent_hypotheses gamma alpha gamma_max c2 tau y T b ->
   forall l, (1 <= l)%nat -> (tau + l < T)%nat ->
   (forall z, minus_zeta b z -> Rabs (y (tau + l)%nat) <= / z * Rpower (INR l) (- b))
   /\ Rabs (y (tau + l)%nat) <= (1 - b) * Rpower 2 (1 - b) * Rpower (INR l) (- b)
   /\ Rabs (y (tau + l)%nat) <= 2 * Rpower (INR l) (- b))
  /\ (forall b, 0 < b < 1 -> exists z, minus_zeta b z /\ 0 < / z <= (1 - b) * Rpower 2 (1 - b))
  /\ forall gamma_max c2, 0 < gamma_max < 1 -> 1 <= c2 ->
     exists b, 0 < b < 1 /\ b + gamma_max * Rpower c2 b = 1
     /\ (forall b', b' + gamma_max * Rpower c2 b' = 1 -> b' = b)
     /\ 1 - gamma_max * c2 <= b /\ (b = 1 - gamma_max * c2 <-> c2 = 1)
     /\ forall larger, b < larger -> exists alpha y,
        (forall T, decay_hypotheses (fun _ => gamma_max) alpha gamma_max c2 0 y T)
        /\ (forall t j, 0 <= alpha t j) /\ (forall t, (1 <= t)%nat -> sum (alpha t) t <= 1)
        /\ forall C, exists l, (1 <= l)%nat /\ C * Rpower (INR l) (- larger) < y l.

(** Remark 4.5.  Bounded gains alone give no decay: rows that read the source alone keep y = gamma_max at all lags.  An envelope
    alone gives none where gamma_max c2 >= 1: rows c2/t, whose sum is c2, do not fall (rows that sum to at most 1 do decay, see
    [ours_row_sum_exponent]).  The exponent is sharp: uniform routing with gain gamma decays like l^(-(1 - gamma)), up to constants. *)
Definition rem_4_5 : Prop :=
  (forall gamma_max, 0 < gamma_max < 1 -> exists alpha y,
     (forall t j, 0 <= alpha t j) /\ (forall t, (1 <= t)%nat -> sum (alpha t) t = 1)
     /\ (forall T, impulse_response (fun _ => gamma_max) alpha 0 y T) /\ forall t, (1 <= t)%nat -> y t = gamma_max)
  /\ (forall gamma_max c2, 0 < gamma_max < 1 -> 1 <= gamma_max * c2 -> exists y,
     (forall T, decay_hypotheses (fun _ => gamma_max) (fun t _ => c2 / INR t) gamma_max c2 0 y T)
     /\ forall t, (1 <= t)%nat -> gamma_max * c2 <= y t <= y (S t))
  /\ forall gamma tau y, 0 < gamma < 1 -> (forall T, impulse_response (fun _ => gamma) (fun t _ => 1 / INR t) tau y T) ->
     exists c C, 0 < c /\ forall l, (1 <= l)%nat ->
     c * Rpower (INR l) (- (1 - gamma)) <= y (tau + l)%nat <= C * Rpower (INR l) (- (1 - gamma)).

(** The recursion behind [thm_23], [cor_B_7] and Proposition 10 (iii).  d(t) stands for the norm of the derivative of the
    state s_t by token tau.  By (38) it is at most what enters directly, A_0 at tau and A_1/(t+1) later, and what the
    feedback carries on; before the source it is 0. *)
Definition jacobian_recursion (gamma : nat -> R) (alpha : nat -> nat -> R) (gamma_max c2 A_0 A_1 : R) (tau : nat) (d : nat -> R)
    (T : nat) : Prop :=
  diffuse c2 alpha T /\ bounded_gains gamma_max gamma T /\ (tau < T)%nat /\ 0 <= A_1
  /\ (forall t, (t < T)%nat -> 0 <= d t) /\ (forall t, (t < tau)%nat -> d t = 0) /\ d tau <= A_0
  /\ forall t, (tau < t < T)%nat -> d t <= A_1 / (INR t + 1) + Rabs (gamma t) * sum (fun j => Rabs (alpha t j) * d j) t.

(** Its tail has no logarithm.  a_tau b_t is [growth] over t, for any eta; both coefficients are the smallest that serve.

    Row: ours:jacobian-tail
    Left: that the derivatives satisfy the recursion, which is in [ours_jacobian_tail_bound]. *)
Definition ours_jacobian_recursion_hypotheses (gamma : nat -> R) (alpha : nat -> nat -> R) (gamma_max c2 A_0 A_1 : R) (tau : nat)
    (d : nat -> R) (T : nat) : Prop :=
  jacobian_recursion gamma alpha gamma_max c2 A_0 A_1 tau d T.

Definition ours_jacobian_recursion : Prop :=
  (forall gamma alpha gamma_max c2 A_0 A_1 tau d T, ours_jacobian_recursion_hypotheses gamma alpha gamma_max c2 A_0 A_1 tau d T ->
   let eta := gamma_max * c2 in
   (forall t, (tau < t < T)%nat -> d t <= (eta * A_0 + A_1) * (growth eta tau t / INR t))
   /\ (0 < eta < 1 -> forall l, (1 <= l)%nat -> (tau + l < T)%nat ->
       d (tau + l)%nat <= (eta * A_0 + A_1) / Gamma (1 + eta) * Rpower (INR l) (- (1 - eta))))
  /\ forall eta p q, 0 < eta ->
     (forall gamma alpha A_0 A_1 tau d T, ours_jacobian_recursion_hypotheses gamma alpha eta 1 A_0 A_1 tau d T ->
      forall t, (tau < t < T)%nat -> d t <= (p * A_0 + q * A_1) * (growth eta tau t / INR t)) ->
     eta <= p /\ 1 <= q.

(** * Closed forms of uniform routing: F.1 to F.3, 29 *)

(** The impulse response at tau of the weights alpha(t, j) = 1/t with one gain gamma. *)
Definition uniform_routing (gamma : R) (tau : nat) (y : nat -> R) : Prop :=
  forall T, impulse_response (fun _ => gamma) (fun t _ => 1 / INR t) tau y T.

(** Lemma F.1, (67), Gautschi's inequality; for all real t > 0, where the paper has integers. *)
Definition lem_F_1_hypotheses (gamma t : R) : Prop := 0 < gamma < 1 /\ 0 < t.

Definition lem_F_1 : Prop :=
  forall gamma t, lem_F_1_hypotheses gamma t ->
  Rpower (t + 1) (gamma - 1) <= Gamma (t + gamma) / Gamma (t + 1) <= Rpower t (gamma - 1).

(** Proposition 29, (69) and (70): uniform routing, impulse at 0. *)
Definition prop_29_hypotheses (gamma : R) (y : nat -> R) : Prop := 0 < gamma < 1 /\ uniform_routing gamma 0 y.

Definition prop_29 : Prop :=
  forall gamma y, prop_29_hypotheses gamma y -> forall t, (1 <= t)%nat ->
  y t = gamma / Gamma (1 + gamma) * (Gamma (INR t + gamma) / Gamma (INR t + 1))
  /\ gamma / Gamma (1 + gamma) * Rpower (INR t + 1) (- (1 - gamma)) <= y t
  /\ y t <= gamma / Gamma (1 + gamma) * Rpower (INR t) (- (1 - gamma)).

(** Sharper than Lemma F.1 (Wendel): t + gamma in place of t + 1; and the quotient times t^(1-gamma) rises to 1 along t, t+1, ...
    So Proposition 29 holds with t + gamma below, and with gamma below and 1/Gamma(gamma) above as the best constants. *)
Definition ours_gamma_ratio : Prop :=
  (forall gamma t, lem_F_1_hypotheses gamma t ->
   let scaled u := Gamma (u + gamma) / Gamma (u + 1) * Rpower u (1 - gamma) in
   Rpower (t + 1) (gamma - 1) <= Rpower (t + gamma) (gamma - 1) <= Gamma (t + gamma) / Gamma (t + 1)
   /\ Gamma (t + gamma) / Gamma (t + 1) <= Rpower t (gamma - 1)
   /\ scaled t <= scaled (t + 1) /\ is_lim_seq (fun n => scaled (t + INR n)) 1)
  /\ forall gamma y, prop_29_hypotheses gamma y ->
     (forall t, (1 <= t)%nat ->
      gamma / Gamma (1 + gamma) * Rpower (INR t + gamma) (- (1 - gamma)) <= y t
      /\ gamma * Rpower (INR t) (- (1 - gamma)) <= y t <= / Gamma gamma * Rpower (INR t) (- (1 - gamma)))
     /\ y 1%nat = gamma
     /\ forall C, C < / Gamma gamma -> exists t, (1 <= t)%nat /\ C * Rpower (INR t) (- (1 - gamma)) < y t.

(** Corollary F.2, (71): uniform routing, impulse at any tau.  Theta(l^(-beta_tail)) for each source; a prefactor like tau^(-gamma);
    no lower constant for all sources at once. *)
Definition cor_F_2_hypotheses (gamma : R) (y : nat -> nat -> R) : Prop :=
  0 < gamma < 1 /\ forall tau, uniform_routing gamma tau (y tau).

Definition cor_F_2 : Prop :=
  forall gamma y, cor_F_2_hypotheses gamma y ->
  (forall tau l, (1 <= l)%nat -> y tau (tau + l)%nat = gamma * source_factor gamma tau * target_factor gamma (tau + l))
  /\ (forall tau, exists c C, 0 < c /\ forall l, (1 <= l)%nat ->
      c * Rpower (INR l) (- (1 - gamma)) <= y tau (tau + l)%nat <= C * Rpower (INR l) (- (1 - gamma)))
  /\ (exists c C, 0 < c /\ forall tau, (1 <= tau)%nat ->
      c * Rpower (INR tau) (- gamma) <= gamma * source_factor gamma tau <= C * Rpower (INR tau) (- gamma))
  /\ ~ exists c, 0 < c /\ forall tau l, (1 <= l)%nat -> c * Rpower (INR l) (- (1 - gamma)) <= y tau (tau + l)%nat.

(** Corollary F.3: two-sided bounds for the sources up to tau_max, with c_- = (tau_max + 2)^(-beta_tail) min gamma a_tau and
    c_+ = max gamma a_tau.  The minimum is at tau_max, the maximum at 0. *)
Definition cor_F_3 : Prop :=
  forall gamma y, cor_F_2_hypotheses gamma y -> forall tau_max tau, (tau <= tau_max)%nat ->
  gamma * source_factor gamma tau_max <= gamma * source_factor gamma tau <= gamma * source_factor gamma 0
  /\ forall l, (1 <= l)%nat ->
     Rpower (INR tau_max + 2) (- (1 - gamma)) * (gamma * source_factor gamma tau_max) * Rpower (INR l) (- (1 - gamma))
     <= y tau (tau + l)%nat <= gamma * source_factor gamma 0 * Rpower (INR l) (- (1 - gamma)).

(** Remark F.4: (71) in the form y_t = C(tau, gamma) b_t with a positive constant. *)
Definition rem_F_4 : Prop :=
  forall gamma y, cor_F_2_hypotheses gamma y -> forall tau,
  let C := gamma * Gamma (INR tau + 1) / Gamma (INR tau + 1 + gamma) in
  0 < C /\ (forall t, (tau < t)%nat -> y tau t = C * (Gamma (INR t + gamma) / Gamma (INR t + 1)))
  /\ exists c D, 0 < c /\ forall l, (1 <= l)%nat ->
     c * Rpower (INR l) (- (1 - gamma)) <= y tau (tau + l)%nat <= D * Rpower (INR l) (- (1 - gamma)).

(** The best constants in place of Corollary F.3's: gamma/(tau_max + 1), attained, and gamma/Gamma(1 + gamma), approached.  With
    tau_max = 0 they are the best ones for Proposition 29.  The paper's c_+ is this one, its c_- is smaller. *)
Definition ours_bounded_source_constants : Prop :=
  forall gamma y, cor_F_2_hypotheses gamma y -> forall tau_max,
  (forall tau l, (tau <= tau_max)%nat -> (1 <= l)%nat ->
   gamma / (INR tau_max + 1) * Rpower (INR l) (- (1 - gamma)) <= y tau (tau + l)%nat
   /\ y tau (tau + l)%nat <= gamma / Gamma (1 + gamma) * Rpower (INR l) (- (1 - gamma)))
  /\ y tau_max (tau_max + 1)%nat = gamma / (INR tau_max + 1)
  /\ gamma * source_factor gamma 0 = gamma / Gamma (1 + gamma)
  /\ Rpower (INR tau_max + 2) (- (1 - gamma)) * (gamma * source_factor gamma tau_max) < gamma / (INR tau_max + 1)
  /\ forall C, C < gamma / Gamma (1 + gamma) -> exists l, (1 <= l)%nat /\ C * Rpower (INR l) (- (1 - gamma)) < y O l.

(** The closed form (71) holds for every gain above -1.  For a gain -g the influence of token 0 is negative and decays faster
    than 1/l, like l^(-1-g), between constants that are the best: g/Gamma(1-g), approached, and g, attained. *)
Definition ours_negative_gain_hypotheses (gamma : R) (tau : nat) (y : nat -> R) : Prop := -1 < gamma /\ uniform_routing gamma tau y.

Definition ours_negative_gain : Prop :=
  (forall gamma tau y, ours_negative_gain_hypotheses gamma tau y ->
   forall t, (tau < t)%nat -> y t = gamma * source_factor gamma tau * target_factor gamma t)
  /\ forall g y, 0 < g < 1 -> ours_negative_gain_hypotheses (- g) 0 y ->
     (forall l, (1 <= l)%nat ->
      g / Gamma (1 - g) * Rpower (INR l) (- (1 + g)) <= - y l <= g * Rpower (INR l) (- (1 + g)))
     /\ y 1%nat = - g
     /\ forall C, g / Gamma (1 - g) < C -> exists l, (1 <= l)%nat /\ - y l < C * Rpower (INR l) (- (1 + g)).

(** The position code that feedback writes, c_t = 1 + (gamma/t) times the sum of the earlier ones, c_0 = 1: the gaps between
    neighbours in closed form.  For 0 < gamma < 1 they are positive and fall, like t^(gamma - 2). *)
Definition ours_position_gap_hypotheses (gamma : R) (c : nat -> R) : Prop :=
  -1 < gamma /\ c O = 1 /\ forall t, (1 <= t)%nat -> c t = 1 + gamma / INR t * sum c t.

Definition ours_position_gap : Prop :=
  forall gamma c, ours_position_gap_hypotheses gamma c ->
  let gap t := c (S t) - c t in
  gap O = gamma
  /\ (forall t, (1 <= t)%nat -> gap t = gamma ^ 2 * Gamma (INR t + gamma) / (Gamma (1 + gamma) * Gamma (INR t + 2)))
  /\ (0 < gamma < 1 ->
      (forall t, 0 < gap (S t) < gap t)
      /\ exists low high, 0 < low /\ forall t, (1 <= t)%nat -> low * Rpower (INR t) (gamma - 2) <= gap t <= high * Rpower (INR t) (gamma - 2)).

(** Proposition 9 (iii): the two envelopes of Sessa with routing held fixed, from Theorem 8 and Corollary F.3, with the best
    constants c_- and c_+.

    Row: prop:9
    Left: (i) and (ii). *)
Definition prop_9_iii : Prop :=
  (forall gamma alpha gamma_max c2 tau y T, decay_hypotheses gamma alpha gamma_max c2 tau y T ->
   let eta := gamma_max * c2 in
   forall l, (1 <= l)%nat -> (tau + l < T)%nat -> Rabs (y (tau + l)%nat) <= eta * exp eta * Rpower (INR l) (- (1 - eta)))
  /\ forall gamma y, cor_F_2_hypotheses gamma y -> forall tau_max tau l, (tau <= tau_max)%nat -> (1 <= l)%nat ->
     gamma / (INR tau_max + 1) * Rpower (INR l) (- (1 - gamma)) <= y tau (tau + l)%nat
     /\ y tau (tau + l)%nat <= gamma / Gamma (1 + gamma) * Rpower (INR l) (- (1 - gamma)).

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
Definition ours_softmax_weights : Prop :=
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

(** Attention row t with the logits <q(x_t), k(x_j)>, j <= t, of token-wise queries and keys with d coordinates. *)
Definition attention_logit {U : Type} (q k : U -> nat -> R) (d : nat) (x : nat -> U) (t j : nat) : R :=
  sum (fun i => q (x t) i * k (x j) i) d.

Definition attention_weight {U : Type} (q k : U -> nat -> R) (d : nat) (x : nat -> U) (t j : nat) : R :=
  softmax (attention_logit q k d x t) (S t) j.

(** Lemma 4.3: for tau < t the derivatives of the weights of row t by token tau have norms that add up to at most
    2 alpha_(t,tau) size, where size bounds the derivative of the logit at tau.  Here sharper: the derivatives themselves,
    alpha_j (1[j = tau] - alpha_tau) times that of the logit, and their sizes, which add up to 2 alpha (1 - alpha) size.  In the
    diffuse regime, logits of spread at most D, they add up to at most 2 size e^D / (t + 1). *)
Definition lem_4_3_hypotheses (U : NormedModule R_AbsRing) (q k : U -> nat -> R) (d : nat) (x : nat -> U) (t tau : nat)
    (dlogit : U -> R) (size : R) : Prop :=
  (tau < t)%nat /\ 0 <= size
  /\ filterdiff (fun u => attention_logit q k d (with_token x tau u) t tau) (locally (x tau)) dlogit
  /\ opnorm_le dlogit size.

Definition lem_4_3 : Prop :=
  forall U q k d x t tau dlogit size, lem_4_3_hypotheses U q k d x t tau dlogit size ->
  let alpha := attention_weight q k d x t in
  let factor j := alpha j * ((if Nat.eqb j tau then 1 else 0) - alpha tau) in
  let dsize j := Rabs (factor j) * size in
  (forall j, (j <= t)%nat ->
     filterdiff (fun u => attention_weight q k d (with_token x tau u) t j) (locally (x tau)) (fun v => factor j * dlogit v)
     /\ opnorm_le (fun v => factor j * dlogit v) (dsize j))
  /\ sum dsize (S t) = 2 * alpha tau * (1 - alpha tau) * size
  /\ sum dsize (S t) <= 2 * alpha tau * size
  /\ forall D, lem_C_1_hypotheses (attention_logit q k d x t) (S t) D -> sum dsize (S t) <= 2 * size * (exp D / INR (S t)).

(** The total variation of a row alpha whose logits move by h: alpha(j) moves by alpha(j) (h(j) - mean). *)
Definition row_variation (n : nat) (alpha h : nat -> R) : R :=
  sum (fun j => Rabs (alpha j * (h j - sum (fun i => alpha i * h i) n))) n.

(** The total variation of a row, positive with sum 1, is at most 2 (1 - m) sum_i alpha(i) |h(i)| if every weight is at least m; where one logit moves, it is
    2 alpha (1 - alpha) |h|, so this constant is attained by the lightest token, and no constant below 2 serves all rows.
    Left: the constant in the diffuse regime, and derivatives that are vectors (Lemma B.4 has them, with the constant 2). *)
Definition ours_softmax_variation_hypotheses (n : nat) (alpha : nat -> R) (m : R) : Prop :=
  (forall j, (j < n)%nat -> 0 < alpha j /\ m <= alpha j) /\ sum alpha n = 1.

Definition ours_softmax_variation : Prop :=
  (forall n alpha m h, ours_softmax_variation_hypotheses n alpha m ->
     row_variation n alpha h <= 2 * (1 - m) * sum (fun i => alpha i * Rabs (h i)) n)
  /\ (forall n alpha m k c, ours_softmax_variation_hypotheses n alpha m -> (k < n)%nat ->
     row_variation n alpha (fun i => if Nat.eqb i k then c else 0) = 2 * alpha k * (1 - alpha k) * Rabs c)
  /\ forall C, C < 2 -> exists n alpha m h, ours_softmax_variation_hypotheses n alpha m
     /\ C * sum (fun i => alpha i * Rabs (h i)) n < row_variation n alpha h.

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

(** The matrix M with n columns, times the vector v. *)
Definition mat_vec (n : nat) (M : nat -> nat -> R) (v : nat -> R) : nat -> R := fun i => sum (fun j => M i j * v j) n.

(** A linear time-invariant system with d states, p inputs and q outputs: [lti_run u t] is the state before input u_t, so that
    the output at t is C times [lti_run u (S t)]. *)
Fixpoint lti_run (d p : nat) (A B : nat -> nat -> R) (u : nat -> nat -> R) (t n : nat) : R :=
  match t with
  | O => 0
  | S r => mat_vec d A (lti_run d p A B u r) n + mat_vec p B (u r) n
  end.

(** C A^l B w. *)
Fixpoint iterate (d : nat) (A : nat -> nat -> R) (v : nat -> R) (l : nat) : nat -> R :=
  match l with
  | O => v
  | S k => mat_vec d A (iterate d A v k)
  end.

(** Proposition 3: if bounded inputs give bounded outputs, the impulse response C A^l B decays exponentially.  A itself may be
    unstable in modes that no input reaches or no output shows. *)
Definition prop_3_hypotheses (d p q : nat) (A B C : nat -> nat -> R) : Prop :=
  forall M, exists K, forall u, (forall t, norm2 p (u t) <= M) -> forall t, norm2 q (mat_vec d C (lti_run d p A B u (S t))) <= K.

Definition prop_3 : Prop :=
  forall d p q A B C, prop_3_hypotheses d p q A B C ->
  exists c kappa, 0 < c /\ 0 < kappa < 1 /\
  forall l w, norm2 q (mat_vec d C (iterate d A (mat_vec p B w) l)) <= c * kappa ^ l * norm2 p w.

(** Lemma 4.4: the state of one channel under zero-order hold.  h (S t) is the paper's h_t, and h 0 its h_(-1). *)
Definition lem_4_4_hypotheses (h b step : nat -> R) (a amin M : R) : Prop :=
  0 < amin <= a /\ (forall t, 0 <= step t) /\ (forall t, Rabs (b t) <= M)
  /\ forall t, h (S t) = exp (- (a * step t)) * h t + (1 - exp (- (a * step t))) / a * b t.

Definition lem_4_4 : Prop :=
  forall h b step a amin M, lem_4_4_hypotheses h b step a amin M ->
  (forall t, Rabs (h t) <= Rmax (Rabs (h O)) (M / amin))
  /\ (h O = 0 -> forall t, Rabs (h t) <= M / amin).

(** Remark C.2: d channels at rates a(0), ..., a(d-1) >= amin with inputs at most M.  In a norm N that grows with each
    coordinate and can take out nonnegative factors, the state is at most N(1) M / amin; the largest coordinate is one such N. *)
Definition rem_C_2_hypotheses (h b : nat -> nat -> R) (step a : nat -> R) (amin M : R) (d : nat) (N : (nat -> R) -> R) : Prop :=
  (forall n, (n < d)%nat -> h O n = 0 /\ lem_4_4_hypotheses (fun t => h t n) (fun t => b t n) step (a n) amin M)
  /\ (forall v w, (forall n, (n < d)%nat -> Rabs (v n) <= Rabs (w n)) -> N v <= N w)
  /\ (forall c v, 0 <= c -> N (fun n => c * v n) <= c * N v).

Definition rem_C_2 : Prop :=
  forall h b step a amin M d N, rem_C_2_hypotheses h b step a amin M d N ->
  (forall t n, (n < d)%nat -> Rabs (h t n) <= M / amin)
  /\ ((0 < d)%nat -> forall t, N (h t) <= N (fun _ => 1) * (M / amin)).

(** The memory factor of the steps after tau up to tau + lag. *)
Definition memory_factor (lambda : R) (step : nat -> R) (tau lag : nat) : R :=
  exp (- (lambda * sum (fun r => step (tau + 1 + r)%nat) lag)).

(** Proposition 5: if the steps after tau add up to at least c times the lag, the memory factor is at most e^(-lambda c lag). *)
Definition prop_5_hypotheses (lambda c : R) (step : nat -> R) (tau lag : nat) : Prop :=
  0 < lambda /\ c * INR lag <= sum (fun r => step (tau + 1 + r)%nat) lag.

Definition prop_5 : Prop :=
  forall lambda c step tau lag, prop_5_hypotheses lambda c step tau lag ->
  prod (fun r => exp (- (lambda * step (tau + 1 + r)%nat))) lag = memory_factor lambda step tau lag
  /\ memory_factor lambda step tau lag <= exp (- (lambda * c * INR lag)).

(** Proposition 9 (ii): with the transitions held fixed, diagonal with rates at least lambda, the impulse response
    C_t A_t ... A_(tau+1) B_tau has norm at most Cmax Bmax e^(-lambda c lag) under failed freeze time.
    Left: (i), which is [prop_9_i], and (iii), which is Theorem 8 with Corollaries F.2 and F.3. *)
Definition prop_9_ii_hypotheses (B C : nat -> nat -> R) (a step : nat -> R) (p d q tau lag : nat) (lambda c Bmax Cmax : R) : Prop :=
  prop_5_hypotheses lambda c step tau lag /\ (forall r, 0 <= step r) /\ (forall n, (n < d)%nat -> lambda <= a n)
  /\ 0 <= Bmax /\ 0 <= Cmax
  /\ (forall w, norm2 d (mat_vec p B w) <= Bmax * norm2 p w) /\ (forall w, norm2 q (mat_vec d C w) <= Cmax * norm2 d w).

Definition prop_9_ii : Prop :=
  forall B C a step p d q tau lag lambda c Bmax Cmax, prop_9_ii_hypotheses B C a step p d q tau lag lambda c Bmax Cmax ->
  forall w, norm2 q (mat_vec d C (fun n => prod (fun r => exp (- (a n * step (tau + 1 + r)%nat))) lag * mat_vec p B w n))
            <= Cmax * Bmax * exp (- (lambda * c * INR lag)) * norm2 p w.

(** A selective state-space (Mamba) block under zero-order hold: d modes with rates a, p inputs u, matrices B and C; steps,
    inputs and matrices are functions of time and of the token at that time.  [ssm_state x (S t)] is the paper's h_t. *)
Fixpoint ssm_state {U : Type} (a : nat -> R) (step : nat -> U -> R) (u : nat -> U -> nat -> R)
    (B : nat -> U -> nat -> nat -> R) (p : nat) (x : nat -> U) (t n : nat) : R :=
  match t with
  | O => 0
  | S r => exp (- (a n * step r (x r))) * ssm_state a step u B p x r n
           + (1 - exp (- (a n * step r (x r)))) / a n * mat_vec p (B r (x r)) (u r (x r)) n
  end.

Definition ssm_output {U : Type} (a : nat -> R) (step : nat -> U -> R) (u : nat -> U -> nat -> R)
    (B C : nat -> U -> nat -> nat -> R) (p d : nat) (x : nat -> U) (t : nat) : nat -> R :=
  mat_vec d (C t (x t)) (ssm_state a step u B p x (S t)).

(** Proposition 4: the Jacobian of the block's output at t by token tau < t.  The derivatives dA, dB, du are those of the
    transitions, the matrix and the input at time tau.  Only bounds at the tokens of this one sequence are needed. *)
Definition prop_4_hypotheses (U : NormedModule R_AbsRing) (a : nat -> R) (step : nat -> U -> R) (u : nat -> U -> nat -> R)
    (B C : nat -> U -> nat -> nat -> R) (p d q : nat) (x : nat -> U) (t tau : nat)
    (dA : nat -> U -> R) (dB : nat -> nat -> U -> R) (du : nat -> U -> R) (lambda UR Gmax CR LA LB Lu : R) : Prop :=
  (tau < t)%nat /\ 0 < lambda /\ 0 <= UR /\ 0 <= Gmax /\ 0 <= CR /\ 0 <= LA /\ 0 <= LB /\ 0 <= Lu
  /\ (forall n, (n < d)%nat -> lambda <= a n) /\ (forall r, 0 <= step r (x r))
  /\ (forall r, norm2 p (u r (x r)) <= UR)
  /\ (forall r w, norm2 d (mat_vec p (B r (x r)) w) <= Gmax * norm2 p w)
  /\ (forall r w, norm2 q (mat_vec d (C r (x r)) w) <= CR * norm2 d w)
  /\ (forall n, (n < d)%nat -> filterdiff (fun v => exp (- (a n * step tau v))) (locally (x tau)) (dA n))
  /\ (forall n i, (n < d)%nat -> (i < p)%nat -> filterdiff (fun v => B tau v n i) (locally (x tau)) (dB n i))
  /\ (forall i, (i < p)%nat -> filterdiff (fun v => u tau v i) (locally (x tau)) (du i))
  /\ (forall n v, (n < d)%nat -> Rabs (dA n v) <= LA * norm v)
  /\ (forall v w, norm2 d (mat_vec p (fun n i => dB n i v) w) <= LB * norm v * norm2 p w)
  /\ (forall v, norm2 p (fun i => du i v) <= Lu * norm v).

Definition prop_4_constant (d : nat) (lambda UR Gmax CR LA LB Lu : R) : R :=
  let HR := sqrt (INR d) * (Gmax * UR / lambda) in
  CR * (LA * HR + LA / lambda * (Gmax * UR) + / lambda * (LB * UR + Gmax * Lu)).

Definition prop_4 : Prop :=
  forall U a step u B C p d q x t tau dA dB du lambda UR Gmax CR LA LB Lu,
  prop_4_hypotheses U a step u B C p d q x t tau dA dB du lambda UR Gmax CR LA LB Lu ->
  exists dy,
    (forall o, (o < q)%nat ->
       filterdiff (fun v => ssm_output a step u B C p d (with_token x tau v) t o) (locally (x tau)) (dy o))
    /\ forall v, norm2 q (fun o => dy o v)
       <= prop_4_constant d lambda UR Gmax CR LA LB Lu * memory_factor lambda (fun r => step r (x r)) tau (t - tau) * norm v.

(** Corollary 4.6, and Proposition 10 (ii): the same under failed freeze time decays exponentially in the lag. *)
Definition cor_4_6_hypotheses (U : NormedModule R_AbsRing) (a : nat -> R) (step : nat -> U -> R) (u : nat -> U -> nat -> R)
    (B C : nat -> U -> nat -> nat -> R) (p d q : nat) (x : nat -> U) (t tau : nat)
    (dA : nat -> U -> R) (dB : nat -> nat -> U -> R) (du : nat -> U -> R) (lambda UR Gmax CR LA LB Lu c : R) : Prop :=
  prop_4_hypotheses U a step u B C p d q x t tau dA dB du lambda UR Gmax CR LA LB Lu
  /\ prop_5_hypotheses lambda c (fun r => step r (x r)) tau (t - tau).

Definition cor_4_6 : Prop :=
  forall U a step u B C p d q x t tau dA dB du lambda UR Gmax CR LA LB Lu c,
  cor_4_6_hypotheses U a step u B C p d q x t tau dA dB du lambda UR Gmax CR LA LB Lu c ->
  exists dy,
    (forall o, (o < q)%nat ->
       filterdiff (fun v => ssm_output a step u B C p d (with_token x tau v) t o) (locally (x tau)) (dy o))
    /\ forall v, norm2 q (fun o => dy o v)
       <= prop_4_constant d lambda UR Gmax CR LA LB Lu * exp (- (lambda * c * INR (t - tau))) * norm v.

(** * Convolutions and depth: B.6, G.1, 30, H.1, 31 to 35 *)

(** Lemma B.6: a convolution of a power law with 1/(k+1), summed over k = tau + m. *)
Definition lem_B_6 : Prop :=
  forall beta tau lag, 0 < beta < 1 -> (1 <= lag)%nat ->
  sum (fun m => Rpower (INR (lag - m)) (- beta) * / INR (tau + m + 1)) lag
  <= (Rpower 2 beta + Rpower 2 beta / (1 - beta)) * Rpower (INR lag) (- beta) * (1 + ln (1 + INR lag)).

(** With the constant 2, and also for beta = 0 and 1.
    Left: that 2 is the best constant, and the bound whose logarithm has the factor 1. *)
Definition ours_convolution_bound : Prop :=
  forall beta tau lag, 0 <= beta <= 1 -> (1 <= lag)%nat ->
  sum (fun m => Rpower (INR (lag - m)) (- beta) * / INR (tau + m + 1)) lag
  <= 2 * Rpower (INR lag) (- beta) * (1 + ln (1 + INR lag)).

(** Definition 9: convolution of sequences on the lags 1, 2, ..., sum_(m=1)^(n-1) a(n-m) b(m), and its powers. *)
Definition conv (a b : nat -> R) (n : nat) : R := sum (fun i => a (n - S i)%nat * b (S i)) (n - 1).

Fixpoint conv_power (a : nat -> R) (k : nat) : nat -> R :=
  match k with
  | O => fun _ => 0
  | S O => a
  | S j => conv (conv_power a j) a
  end.

(** Lemma G.1: two power laws. *)
Definition lem_G_1 : Prop :=
  forall sigma rho, 0 < sigma -> 0 < rho ->
  exists c C, 0 < c /\ 0 < C /\ forall n, (2 <= n)%nat ->
  c * Rpower (INR n) (sigma + rho - 1)
  <= conv (fun m => Rpower (INR m) (sigma - 1)) (fun m => Rpower (INR m) (rho - 1)) n
  <= C * Rpower (INR n) (sigma + rho - 1).

(** Theorem 30, (72): the k-fold convolution of n^(-beta). *)
Definition thm_30 : Prop :=
  forall beta k, 0 < beta < 1 -> (1 <= k)%nat ->
  exists c C, 0 < c /\ 0 < C /\ forall n, (k <= n)%nat ->
  c * Rpower (INR n) (INR k * (1 - beta) - 1)
  <= conv_power (fun m => Rpower (INR m) (- beta)) k n
  <= C * Rpower (INR n) (INR k * (1 - beta) - 1).

(** Products and powers of lower triangular kernels, and the harmonic kernel. *)
Definition kernel_product (A B : nat -> nat -> R) (t tau : nat) : R :=
  sum (fun i => A t (tau + i)%nat * B (tau + i)%nat tau) (S t - tau).

Fixpoint kernel_power (A : nat -> nat -> R) (k : nat) (t tau : nat) : R :=
  match k with
  | O => if Nat.eqb t tau then 1 else 0
  | S j => kernel_product A (kernel_power A j) t tau
  end.

Definition harmonic_kernel (t tau : nat) : R := if Nat.ltb tau t then / (INR t + 1) else 0.

Definition harmonic (t : nat) : R := sum (fun m => / INR (S m)) t.

(** Lemma H.1, (77): powers of the harmonic kernel, and the consequence with a logarithm. *)
Definition lem_H_1 : Prop :=
  (forall k t tau, (1 <= k)%nat -> (tau < t)%nat ->
     kernel_power harmonic_kernel k t tau <= / (INR t + 1) * (harmonic t ^ (k - 1) / INR (fact (k - 1))))
  /\ forall k, (1 <= k)%nat -> exists C, forall t tau, (tau < t)%nat ->
     kernel_power harmonic_kernel k t tau <= C * (ln (1 + INR t) ^ (k - 1) / (INR t + 1)).

(** Sharper than Lemma H.1: H_t - H_(tau+1) in place of H_t, with equality for k = 1 and 2; hence a bound in the lag alone.
    Left: the generating function of all powers together. *)
Definition ours_nested_harmonic : Prop :=
  forall k t tau, (1 <= k)%nat -> (tau < t)%nat ->
  let bound := / (INR t + 1) * ((harmonic t - harmonic (S tau)) ^ (k - 1) / INR (fact (k - 1))) in
  kernel_power harmonic_kernel k t tau <= bound
  /\ ((k <= 2)%nat -> kernel_power harmonic_kernel k t tau = bound)
  /\ kernel_power harmonic_kernel k t tau <= ln (INR (t - tau)) ^ (k - 1) / INR (fact (k - 1)) / (1 + INR (t - tau)).

(** A stack of N blocks F(0), ..., F(N-1) on sequences of tokens. *)
Fixpoint stack {V : Type} (F : nat -> (nat -> V) -> nat -> V) (x : nat -> V) (n : nat) : nat -> V :=
  match n with
  | O => x
  | S m => F m (stack F x m)
  end.

(** J holds the Jacobian blocks of the causal block F at the sequence u, on the horizon T: along every differentiable curve z
    through u, output t < T has the derivative sum_(j <= t) J(t, j) dz(j).  Causal, continuously differentiable blocks have
    such blocks J. *)
Definition jacobian_at {V : NormedModule R_AbsRing} (T : nat) (F : (nat -> V) -> nat -> V) (u : nat -> V)
    (J : nat -> nat -> V -> V) : Prop :=
  forall (z : R -> nat -> V) (dz : nat -> V),
    (forall j, (j < T)%nat -> z 0 j = u j /\ is_derive (fun e => z e j) 0 (dz j)) ->
    forall t, (t < T)%nat -> is_derive (fun e => F (z e) t) 0 (vsum (fun j => J t j (dz j)) (S t)).

(** The right-hand side of (34), (75), (78): the sum over the sets of layers that jump; the other layers give their factors
    d, and the layers n_1 < ... < n_k of the set give the sum over tau = i_0 < ... < i_k = t of the products of G(n_r)(i_r, i_(r-1)).
    [layer_choices] lists the product of the d's that stay with the layers that jump, the last one first.  For tau < t the empty
    set contributes 0, as the paper's sum that starts at k = 1. *)
Fixpoint layer_choices (d : nat -> R) (N : nat) : list (R * list nat) :=
  match N with
  | O => cons (1, nil) nil
  | S m => app (List.map (fun c => (d m * fst c, snd c)) (layer_choices d m))
               (List.map (fun c => (fst c, cons m (snd c))) (layer_choices d m))
  end.

Fixpoint jumps (G : nat -> nat -> nat -> R) (layers : list nat) (t tau : nat) : R :=
  match layers with
  | nil => if Nat.eqb t tau then 1 else 0
  | cons n rest => sum (fun i => G n t i * jumps G rest i tau) t
  end.

Definition path_sum (d : nat -> R) (G : nat -> nat -> nat -> R) (N t tau : nat) : R :=
  List.fold_right (fun c total => fst c * jumps G (snd c) t tau + total) 0 (layer_choices d N).

(** Theorem 31 (and Theorem 11, which states it in the main text): block n has diagonal Jacobian blocks of norm at most d(n)
    and others of norm at most lambda(n) K(n)(t, j), where the stack meets it.  Then token tau moves output t of the stack, in
    every direction v, at most by the path sum times |v|, and its own output by the product of the d's. *)
Definition thm_31_hypotheses (V : NormedModule R_AbsRing) (T N : nat) (F : nat -> (nat -> V) -> nat -> V) (x : nat -> V)
    (J : nat -> nat -> nat -> V -> V) (d lambda : nat -> R) (K : nat -> nat -> nat -> R) : Prop :=
  forall n, (n < N)%nat -> 0 <= d n /\ 0 <= lambda n /\ jacobian_at T (F n) (stack F x n) (J n)
  /\ forall t, (t < T)%nat -> opnorm_le (J n t t) (d n)
     /\ forall j, (j < t)%nat -> 0 <= K n t j /\ opnorm_le (J n t j) (lambda n * K n t j).

(** The derivative of output t of the stack, as token tau moves in the direction v. *)
Definition token_derivative {V : NormedModule R_AbsRing} (F : nat -> (nat -> V) -> nat -> V) (x : nat -> V) (N t tau : nat)
    (v dh : V) : Prop :=
  is_derive (fun e => stack F (with_token x tau (plus (x tau) (scal e v))) N t) 0 dh.

Definition thm_31 : Prop :=
  forall V T N F x J d lambda K, thm_31_hypotheses V T N F x J d lambda K ->
  forall tau t v, (tau <= t)%nat -> (t < T)%nat ->
  exists dh, token_derivative F x N t tau v dh
    /\ ((tau < t)%nat -> norm dh <= path_sum d (fun n t j => lambda n * K n t j) N t tau * norm v)
    /\ (tau = t -> norm dh <= prod d N * norm v).

(** Theorem 11: Theorem 31, in the main text. *)
Definition thm_11 : Prop := thm_31.

(** Theorem 35: for a family of stacks over all horizons T, with d, lambda and K independent of T, the same bound holds at
    every horizon; its right-hand side does not depend on T. *)
Definition thm_35_hypotheses (V : NormedModule R_AbsRing) (N : nat) (F : nat -> nat -> (nat -> V) -> nat -> V)
    (x : nat -> nat -> V) (J : nat -> nat -> nat -> nat -> V -> V) (d lambda : nat -> R) (K : nat -> nat -> nat -> R) : Prop :=
  forall T, thm_31_hypotheses V T N (F T) (x T) (J T) d lambda K.

Definition thm_35 : Prop :=
  forall V N F x J d lambda K, thm_35_hypotheses V N F x J d lambda K ->
  forall T tau t v, (tau <= t)%nat -> (t < T)%nat ->
  exists dh, token_derivative (F T) (x T) N t tau v dh
    /\ ((tau < t)%nat -> norm dh <= path_sum d (fun n t j => lambda n * K n t j) N t tau * norm v)
    /\ (tau = t -> norm dh <= prod d N * norm v).

(** Deep stacks whose kernels lie under an envelope: a constant C times a rate that depends on the lag alone bounds every
    Jacobian block.  C is chosen before the space of tokens, the horizon T, the blocks and the inputs: so the bounds are uniform
    in the horizon. *)
Definition deep_bound (N : nat) (d lambda : nat -> R) (envelope : nat -> nat -> nat -> R) (rate : nat -> R) : Prop :=
  exists C, 0 <= C /\ forall (V : NormedModule R_AbsRing) T F x J K,
  thm_31_hypotheses V T N F x J d lambda K ->
  (forall n t j, (n < N)%nat -> (j < t)%nat -> (t < T)%nat -> K n t j <= envelope n t j) ->
  forall tau lag v, (1 <= lag)%nat -> (tau + lag < T)%nat ->
  exists dh, token_derivative F x N (tau + lag) tau v dh /\ norm dh <= C * rate lag * norm v.

Definition dilution (a : nat -> R) (n t j : nat) : R := a n / (INR t + 1).
Definition forgetting (a c : nat -> R) (n t j : nat) : R := a n * exp (- (c n * INR (t - j))).
Definition heavy_tail (a : nat -> R) (beta : R) (n t j : nat) : R :=
  a n * Rpower (INR (t - j)) (- beta) * (1 + ln (1 + INR (t - j))).

Definition dilution_rate (N lag : nat) : R := ln (1 + INR lag) ^ (N - 1) / (1 + INR lag).
Definition forgetting_rate (cstar : R) (N lag : nat) : R := (1 + INR lag) ^ (N - 1) * exp (- (cstar * INR lag)).
Definition heavy_tail_rate (beta : R) (N lag : nat) : R :=
  sum (fun i => Rpower (INR lag) (INR (S i) * (1 - beta) - 1) * (1 + ln (1 + INR lag)) ^ S i) N.

(** Proposition 32: diffuse attention.  For every source tau, bounded or not. *)
Definition prop_32 : Prop :=
  forall N d lambda a, (1 <= N)%nat -> (forall n, (n < N)%nat -> 0 <= a n) ->
  deep_bound N d lambda (dilution a) (dilution_rate N).

(** Proposition 33: state-space models under failed freeze time; cstar is at most each of the rates (the paper: the least). *)
Definition prop_33 : Prop :=
  forall N d lambda a c cstar, (1 <= N)%nat -> (forall n, (n < N)%nat -> 0 <= a n /\ cstar <= c n) ->
  deep_bound N d lambda (forgetting a c) (forgetting_rate cstar N).

(** Proposition 34: diffuse Sessa; also with the last term of the sum alone. *)
Definition prop_34 : Prop :=
  forall N d lambda a beta, (1 <= N)%nat -> 0 < beta < 1 -> (forall n, (n < N)%nat -> 0 <= a n) ->
  deep_bound N d lambda (heavy_tail a beta) (heavy_tail_rate beta N)
  /\ deep_bound N d lambda (heavy_tail a beta)
       (fun lag => Rpower (INR lag) (INR N * (1 - beta) - 1) * (1 + ln (1 + INR lag)) ^ N).

(** Corollary 4.7, and Corollary H.2: these bounds are uniform in the horizon, and tend to 0 with growing lag: (i) attention,
    (ii) state-space models, (iii) Sessa if N (1 - beta) < 1. *)
Definition cor_4_7 : Prop :=
  forall N d lambda a, (1 <= N)%nat -> (forall n, (n < N)%nat -> 0 <= a n) ->
  (deep_bound N d lambda (dilution a) (dilution_rate N) /\ is_lim_seq (dilution_rate N) 0)
  /\ (forall c cstar, 0 < cstar -> (forall n, (n < N)%nat -> cstar <= c n) ->
      deep_bound N d lambda (forgetting a c) (forgetting_rate cstar N) /\ is_lim_seq (forgetting_rate cstar N) 0)
  /\ (forall beta, 0 < beta < 1 ->
      deep_bound N d lambda (heavy_tail a beta) (heavy_tail_rate beta N)
      /\ (INR N * (1 - beta) < 1 -> is_lim_seq (heavy_tail_rate beta N) 0)).

(** Corollary H.2: Corollary 4.7, in the appendix. *)
Definition cor_H_2 : Prop := cor_4_7.

(** Definition 5, at one input for each H and tau_star, and without its bounds at lag 1: a family of stacks over H and the
    source tau_star <= tau_max, on horizons tau_max + H + 1, realises the profile nu if with probes of norm at most 1 the score of
    the source exceeds all others together by c (1 + lag)^nu, c > 0 the same for all.  Whoever realises it in the paper's
    sense, at all inputs and with these bounds, realises it in this one. *)
Definition realises_profile (V : NormedModule R_AbsRing) (N tau_max : nat) (nu : R)
    (F : nat -> nat -> nat -> (nat -> V) -> nat -> V) (x : nat -> nat -> nat -> V) : Prop :=
  exists cminus, 0 < cminus /\ forall H tau_star, (1 <= H)%nat -> (tau_star <= tau_max)%nat ->
  exists (c : V) (rho : nat -> V -> R) (score : nat -> nat -> R),
    norm c <= 1 /\ (forall t, opnorm_le (V := R_NormedModule) (rho t) 1)
    /\ (forall t tau dh, (tau < t)%nat -> (t < tau_max + H + 1)%nat ->
        token_derivative (F H tau_star) (x H tau_star) N t tau c dh -> score t tau = rho t dh)
    /\ forall lag, (1 <= lag)%nat -> (lag <= H)%nat ->
        let t := (tau_star + lag)%nat in
        cminus * Rpower (1 + INR lag) nu
        <= score t tau_star - sum (fun tau => if Nat.eqb tau tau_star then 0 else Rabs (score t tau)) t.

(** Proposition 13: a depth-N family with constants that do not depend on H and tau_star, of (i) diffuse attention or (ii)
    state-space models under failed freeze time, realises no nu >= 0. *)
Definition prop_13_hypotheses (V : NormedModule R_AbsRing) (N tau_max : nat) (F : nat -> nat -> nat -> (nat -> V) -> nat -> V)
    (x : nat -> nat -> nat -> V) (d lambda : nat -> R) (envelope : nat -> nat -> nat -> R) : Prop :=
  forall H tau_star, (1 <= H)%nat -> (tau_star <= tau_max)%nat ->
  exists J K, thm_31_hypotheses V (tau_max + H + 1) N (F H tau_star) (x H tau_star) J d lambda K
    /\ forall n t j, (n < N)%nat -> (j < t)%nat -> (t < tau_max + H + 1)%nat -> K n t j <= envelope n t j.

Definition prop_13 : Prop :=
  forall V N tau_max nu F x d lambda a, (1 <= N)%nat -> 0 <= nu -> (forall n, (n < N)%nat -> 0 <= a n) ->
  (prop_13_hypotheses V N tau_max F x d lambda (dilution a) -> ~ realises_profile V N tau_max nu F x)
  /\ forall c cstar, 0 < cstar -> (forall n, (n < N)%nat -> cstar <= c n) ->
     prop_13_hypotheses V N tau_max F x d lambda (forgetting a c) -> ~ realises_profile V N tau_max nu F x.

(** * Jacobian tails: B.3, 23, B.7, 9, 10 *)

(** Lemma B.3: the mixer state.  Weights need only add up to at most 1. *)
Definition lem_B_3_hypotheses (V : NormedModule R_AbsRing) (f s : nat -> V) (alpha : nat -> nat -> R) (gamma : nat -> R)
    (T : nat) (gmax FR : R) : Prop :=
  gmax < 1 /\ forall t, (t < T)%nat ->
    s t = plus (f t) (scal (gamma t) (vsum (fun j => scal (alpha t j) (s j)) t))
    /\ norm (f t) <= FR /\ Rabs (gamma t) <= gmax
    /\ (forall j, (j < t)%nat -> 0 <= alpha t j) /\ sum (alpha t) t <= 1.

Definition lem_B_3 : Prop :=
  forall V f s alpha gamma T gmax FR, lem_B_3_hypotheses V f s alpha gamma T gmax FR ->
  forall t, (t < T)%nat -> norm (s t) <= FR / (1 - gmax).

(** The weights of feedback row t: the softmax of its logits over j < t. *)
Definition routing_weight {U : Type} (logit : nat -> nat -> U -> R) (t j : nat) (u : U) : R :=
  softmax (fun i => logit t i u) t j.

(** Theorem 23: the Jacobian of the mixer state by token tau, which is the vector u, here near z; all other tokens are held
    fixed.  f(t), logit(t, i), gamma(t) and the state s(t) are functions of u; the weights alpha are the softmax of the logits
    over i < t.  The constants are the paper's, and all hypotheses are those of Appendix B at this one sequence. *)
Definition thm_23_hypotheses (U V : NormedModule R_AbsRing) (f : nat -> U -> V) (logit : nat -> nat -> U -> R)
    (gamma : nat -> U -> R) (s : nat -> U -> V) (z : U) (tau T : nat) (c2 gmax FR Lf0 Lf La0 Lroute Lgamma : R) : Prop :=
  let alpha := routing_weight logit in
  (* the solve (37) *)
  (forall t u, (t < T)%nat -> s t u = plus (f t u) (scal (gamma t u) (vsum (fun j => scal (alpha t j u) (s j u)) t)))
  (* Assumptions 15, 16 and 20: diffuse weights, bounded gains with 0 < gmax c2 < 1, bounded forward sequence *)
  /\ (forall t j, (j < t)%nat -> (t < T)%nat -> alpha t j z <= c2 / INR t)
  /\ gmax < 1 /\ 0 < gmax * c2 < 1
  /\ (forall t, (t < T)%nat -> Rabs (gamma t z) <= gmax /\ norm (f t z) <= FR)
  (* Assumption 18: what is before tau does not depend on token tau *)
  /\ (forall t u, (t < tau)%nat -> (t < T)%nat ->
        f t u = f t z /\ gamma t u = gamma t z /\ forall i, (i < t)%nat -> logit t i u = logit t i z)
  (* Assumptions 19 and 17 at the token itself *)
  /\ 0 <= Lf0 /\ 0 <= La0 /\ 0 <= Lgamma
  /\ (exists df dgamma, filterdiff (f tau) (locally z) df /\ opnorm_le df Lf0
        /\ filterdiff (gamma tau) (locally z) dgamma /\ opnorm_le dgamma Lgamma)
  /\ (exists dalpha size, sum size tau <= La0
        /\ forall j, (j < tau)%nat -> filterdiff (alpha tau j) (locally z) (dalpha j) /\ opnorm_le (dalpha j) (size j))
  (* Assumptions 17, 21 and 22 after it: gains of later tokens do not move, forward Jacobians and logit sensitivities dilute *)
  /\ 0 <= Lf /\ 0 <= Lroute
  /\ (forall t, (tau < t)%nat -> (t < T)%nat ->
        filterdiff (gamma t) (locally z) (fun _ => 0)
        /\ (exists df, filterdiff (f t) (locally z) df /\ opnorm_le df (Lf / (INR t + 1)))
        /\ exists dlogit size, sum (fun i => alpha t i z * size i) t <= Lroute / (INR t + 1)
           /\ forall i, (i < t)%nat -> filterdiff (logit t i) (locally z) (dlogit i) /\ opnorm_le (dlogit i) (size i)).

Definition thm_23_constant (c2 gmax FR Lf0 Lf La0 Lroute Lgamma : R) : R :=
  let eta := gmax * c2 in
  let beta := 1 - eta in
  let Cbeta := Rpower 2 beta + Rpower 2 beta / (1 - beta) in
  let SR := FR / (1 - gmax) in
  let A1 := Lf + 2 * gmax * SR * Lroute in
  let A0 := Lf0 + Lgamma * SR + gmax * SR * La0 in
  Rmax 1 (eta * exp eta) * (A0 + (1 + Cbeta) * A1).

Definition thm_23_tail (c2 gmax FR Lf0 Lf La0 Lroute Lgamma : R) (lag : nat) : R :=
  thm_23_constant c2 gmax FR Lf0 Lf La0 Lroute Lgamma
  * Rpower (INR lag) (- (1 - gmax * c2)) * (1 + ln (1 + INR lag)).

Definition thm_23 : Prop :=
  forall U V f logit gamma s z tau T c2 gmax FR Lf0 Lf La0 Lroute Lgamma,
  thm_23_hypotheses U V f logit gamma s z tau T c2 gmax FR Lf0 Lf La0 Lroute Lgamma ->
  forall t, (tau < t)%nat -> (t < T)%nat ->
  exists ds, filterdiff (s t) (locally z) ds
    /\ opnorm_le ds (thm_23_tail c2 gmax FR Lf0 Lf La0 Lroute Lgamma (t - tau)).

(** Corollary B.7, and Proposition 10 (iii): the block's output x_t + W (g_t ⊙ s_t) + b.  The gate is the linear map Diag(g_t),
    whose norm is at most |g_t|; it and x_t belong to token t and do not move with token tau < t. *)
Definition cor_B_7_hypotheses (U V Y : NormedModule R_AbsRing) (f : nat -> U -> V) (logit : nat -> nat -> U -> R)
    (gamma : nat -> U -> R) (s : nat -> U -> V) (z : U) (tau T : nat) (c2 gmax FR Lf0 Lf La0 Lroute Lgamma : R)
    (gate : V -> V) (W : V -> Y) (GR Wnorm : R) : Prop :=
  thm_23_hypotheses U V f logit gamma s z tau T c2 gmax FR Lf0 Lf La0 Lroute Lgamma
  /\ is_linear gate /\ is_linear W /\ 0 <= GR /\ 0 <= Wnorm /\ opnorm_le gate GR /\ opnorm_le W Wnorm.

Definition cor_B_7 : Prop :=
  forall U V Y f logit gamma s z tau T c2 gmax FR Lf0 Lf La0 Lroute Lgamma gate W GR Wnorm,
  cor_B_7_hypotheses U V Y f logit gamma s z tau T c2 gmax FR Lf0 Lf La0 Lroute Lgamma gate W GR Wnorm ->
  forall t (x b : Y), (tau < t)%nat -> (t < T)%nat ->
  exists dy, filterdiff (fun u => plus (plus x (W (gate (s t u)))) b) (locally z) dy
    /\ opnorm_le dy (Wnorm * GR * thm_23_tail c2 gmax FR Lf0 Lf La0 Lroute Lgamma (t - tau)).

(** (eta A_0 + A_1) a_tau b_t; a_tau b_t is [growth] over t. *)
Definition sharp_tail (c2 gmax FR Lf0 Lf La0 Lroute Lgamma : R) (tau t : nat) : R :=
  let eta := gmax * c2 in
  let SR := FR / (1 - gmax) in
  let A1 := Lf + 2 * gmax * SR * Lroute in
  let A0 := Lf0 + Lgamma * SR + gmax * SR * La0 in
  (eta * A0 + A1) * (growth eta tau t / INR t).

(** Sharper than Theorem 23: its bound without the logarithm.
    Row: ours:jacobian-tail
    Left: that no smaller coefficient of A_0 or of A_1 serves, which is in [ours_jacobian_recursion]. *)
Definition ours_jacobian_tail_bound : Prop :=
  forall U V f logit gamma s z tau T c2 gmax FR Lf0 Lf La0 Lroute Lgamma,
  thm_23_hypotheses U V f logit gamma s z tau T c2 gmax FR Lf0 Lf La0 Lroute Lgamma ->
  let eta := gmax * c2 in
  let SR := FR / (1 - gmax) in
  let A1 := Lf + 2 * gmax * SR * Lroute in
  let A0 := Lf0 + Lgamma * SR + gmax * SR * La0 in
  forall t, (tau < t)%nat -> (t < T)%nat ->
  sharp_tail c2 gmax FR Lf0 Lf La0 Lroute Lgamma tau t = (eta * A0 + A1) * source_factor eta tau * target_factor eta t
  /\ sharp_tail c2 gmax FR Lf0 Lf La0 Lroute Lgamma tau t <= (eta * A0 + A1) / Gamma (1 + eta) * Rpower (INR (t - tau)) (- (1 - eta))
  /\ exists ds, filterdiff (s t) (locally z) ds /\ opnorm_le ds (sharp_tail c2 gmax FR Lf0 Lf La0 Lroute Lgamma tau t).

(** The bound, and that its coefficients are the smallest that serve the recursion behind it. *)
Definition ours_jacobian_tail : Prop := ours_jacobian_tail_bound /\ ours_jacobian_recursion.

(** The same for the block's output, in place of Corollary B.7; GR may be the largest gate entry, the norm of Diag(g_t). *)
Definition ours_block_jacobian_tail : Prop :=
  forall U V Y f logit gamma s z tau T c2 gmax FR Lf0 Lf La0 Lroute Lgamma gate W GR Wnorm,
  cor_B_7_hypotheses U V Y f logit gamma s z tau T c2 gmax FR Lf0 Lf La0 Lroute Lgamma gate W GR Wnorm ->
  forall t (x b : Y), (tau < t)%nat -> (t < T)%nat ->
  exists dy, filterdiff (fun u => plus (plus x (W (gate (s t u)))) b) (locally z) dy
    /\ opnorm_le dy (Wnorm * GR * sharp_tail c2 gmax FR Lf0 Lf La0 Lroute Lgamma tau t).

(** Proposition 9 (i): attention with logits of spread at most Delta.  Its Jacobian by the value at tau is the weight times
    the identity; the weight is of the order of 1/(t + 1), and of 1/lag for a fixed source.
    Left: (ii), which is [prop_9_ii], and (iii), which is Theorem 8 with Corollaries F.2 and F.3. *)
Definition prop_9_i_hypotheses (b : nat -> R) (t tau : nat) (Delta : R) : Prop :=
  (tau <= t)%nat /\ lem_C_1_hypotheses b (S t) Delta.

Definition prop_9_i : Prop :=
  forall (V : NormedModule R_AbsRing) (v : nat -> V) b t tau Delta, prop_9_i_hypotheses b t tau Delta ->
  let alpha := softmax b (S t) tau in
  filterdiff (fun u => vsum (fun j => scal (softmax b (S t) j) (with_token v tau u j)) (S t)) (locally (v tau)) (fun w => scal alpha w)
  /\ (forall w : V, norm (scal alpha w) = alpha * norm w)
  /\ exp (- Delta) / (INR t + 1) <= alpha <= exp Delta / (INR t + 1)
  /\ ((tau < t)%nat -> exp (- Delta) / (INR (tau + 2) * INR (t - tau)) <= alpha <= exp Delta / INR (t - tau)).

(** Proposition 10 (i): attention whose weights move too.  Token tau < t is the vector u near x(tau).
    Left: (ii), which is [cor_4_6], and (iii), which is [cor_B_7]. *)
Definition prop_10_i_hypotheses (U V : NormedModule R_AbsRing) (v : U -> V) (alpha : nat -> U -> R) (x : nat -> U) (t tau : nat)
    (dv : U -> V) (dalpha : nat -> U -> R) (size : nat -> R) (c2 La VR Lv : R) : Prop :=
  (tau < t)%nat /\ 0 <= Lv /\ 0 <= VR
  /\ filterdiff v (locally (x tau)) dv /\ opnorm_le dv Lv
  /\ (forall j, (j <= t)%nat -> norm (v (x j)) <= VR /\ filterdiff (alpha j) (locally (x tau)) (dalpha j) /\ opnorm_le (dalpha j) (size j))
  /\ 0 <= alpha tau (x tau) <= c2 / (INR t + 1) /\ sum size (S t) <= La / (INR t + 1).

Definition prop_10_i : Prop :=
  forall U V v alpha x t tau dv dalpha size c2 La VR Lv, prop_10_i_hypotheses U V v alpha x t tau dv dalpha size c2 La VR Lv ->
  exists dy, filterdiff (fun u => vsum (fun j => scal (alpha j u) (v (with_token x tau u j))) (S t)) (locally (x tau)) dy
    /\ opnorm_le dy (alpha tau (x tau) * Lv + VR * sum size (S t))
    /\ opnorm_le dy ((c2 * Lv + VR * La) / (INR t + 1)).

(** Proposition 9: its three parts together. *)
Definition prop_9 : Prop := prop_9_i /\ prop_9_ii /\ prop_9_iii.

(** Proposition 10: its three parts together; (ii) is Corollary 4.6, (iii) Corollary B.7. *)
Definition prop_10 : Prop := prop_10_i /\ cor_4_6 /\ cor_B_7.

(** * Positions: I.5, I.7, I.8, 4.10 to 4.13 *)

(** The normal density, its distribution function and the exact GELU.  The integral starts at 0, where Phi is 1/2:
    [ours_normal_distribution] says that Phi so defined tends to 0 and to 1, so that it is the integral from -oo. *)
Definition phi (x : R) : R := exp (- (x * x) / 2) / sqrt (2 * PI).
Definition Phi (x : R) : R := 1 / 2 + RInt phi 0 x.
Definition GELU (x : R) : R := x * Phi x.

(** Ours: Phi is the distribution function of the normal law.
    Row: none *)
Definition ours_normal_distribution : Prop :=
  (forall x, is_derive Phi x (phi x)) /\ is_lim Phi p_infty 1 /\ is_lim Phi m_infty 0.

(** <v, w> in R^m. *)
Definition inner (m : nat) (v w : nat -> R) : R := sum (fun i => v i * w i) m.

(** The row vector z, times column j of a matrix with m rows. *)
Definition row_times (m : nat) (z : nat -> R) (W : nat -> nat -> R) (j : nat) : R := sum (fun i => z i * W i j) m.

(** The rotation of z by position t: plane r, coordinates 2r and 2r+1, turns by the angle omega_r t. *)
Definition rope (omega : nat -> R) (t : nat) (z : nat -> R) (i : nat) : R :=
  let angle := omega (Nat.div2 i) * INR t in
  if Nat.even i then cos angle * z i - sin angle * z (S i) else sin angle * z (Nat.pred i) + cos angle * z i.

(** Forward substitution, (21) and (22): the first n of the states s_t = f_t + B_t0 s_0 + ... + B_t(t-1) s_(t-1). *)
Fixpoint states (B : nat -> nat -> R) (f : nat -> R) (n : nat) : nat -> R :=
  match n with
  | O => fun _ => 0
  | S m => fun t => if Nat.eqb t m then f m + sum (fun j => B m j * states B f m j) m else states B f m t
  end.
Definition solution (B : nat -> nat -> R) (f : nat -> R) (t : nat) : R := states B f (S t) t.

(** The weights of one concrete block (Section 3 and Appendix I.2): W_in and b_in are split into the halves for a and g. *)
Record block := {
  W_a : nat -> nat -> R; b_a : nat -> R; W_g : nat -> nat -> R; b_g : nat -> R;
  W_Qf : nat -> nat -> R; W_Kf : nat -> nat -> R; W_Qb : nat -> nat -> R; W_Kb : nat -> nat -> R;
  W_V : nat -> nat -> R; w_gamma : nat -> R; b_gamma : R;
  W_out : nat -> nat -> R; b_out : nat -> R }.

(** The block of width m and query width d on the sequence x, whose token t has the coordinates x t 0, ..., x t (m-1);
    Norm is the normalisation of one token.  Everything of token t depends on the tokens up to t only. *)
Section Block.
Variables (m d : nat) (omega : nat -> R) (Norm : (nat -> R) -> nat -> R) (p : block) (x : nat -> nat -> R).
Definition activation (t j : nat) : R := GELU (row_times m (Norm (x t)) (W_a p) j + b_a p j).
Definition gate (t j : nat) : R := row_times m (Norm (x t)) (W_g p) j + b_g p j.
Definition forward_logit (t j : nat) : R :=
  / sqrt (INR d) * inner d (rope omega t (row_times m (activation t) (W_Qf p)))
                           (rope omega j (row_times m (activation j) (W_Kf p))).
Definition feedback_logit (t j : nat) : R :=
  / sqrt (INR d) * inner d (row_times m (activation t) (W_Qb p)) (row_times m (activation j) (W_Kb p)).
Definition block_forward_weight (t j : nat) : R := softmax (forward_logit t) (S t) j.
Definition block_feedback_weight (t j : nat) : R := softmax (feedback_logit t) t j.
Definition forward_signal (c t : nat) : R :=
  sum (fun j => block_forward_weight t j * row_times m (activation j) (W_V p) c) (S t).
Definition gain (t : nat) : R := tanh (inner m (activation t) (w_gamma p) + b_gamma p).
Definition state (t c : nat) : R := solution (fun i j => gain i * block_feedback_weight i j) (forward_signal c) t.
Definition block_output (t i : nat) : R :=
  x t i + (row_times m (fun c => state t c * gate t c) (W_out p) i + b_out p i).
End Block.

(** Lemma I.5: constant queries and keys c (1, 0, ..., 0) have, after rotary embedding, the logits c^2 cos(t - j)/sqrt(d),
    and for c large enough the row of every t < T has weight at least 1 - delta on the token itself.  The paper's Delta_T, the
    distance from 1 of the largest cos(s), 1 <= s < T, is any number Delta here for which these cosines are at most 1 - Delta.
    Left: that such a Delta > 0 exists for every T, which is the irrationality of pi; and that a block has such queries and keys *)
Definition lem_I_5_hypotheses (omega : nat -> R) (d T : nat) (delta Delta c : R) : Prop :=
  omega O = 1 /\ (2 <= d)%nat /\ 0 < delta < 1 /\ (2 <= T)%nat
  /\ (forall s, (1 <= s < T)%nat -> cos (INR s) <= 1 - Delta)
  /\ ln ((INR T - 1) / delta) <= / sqrt (INR d) * c ^ 2 * Delta.

Definition lem_I_5 : Prop :=
  forall omega d T delta Delta c, lem_I_5_hypotheses omega d T delta Delta c ->
  let e := fun i : nat => if Nat.eqb i 0 then c else 0 in
  let logit t j := / sqrt (INR d) * inner d (rope omega t e) (rope omega j e) in
  (forall t j, logit t j = / sqrt (INR d) * (c ^ 2 * cos (INR t - INR j)))
  /\ forall t, (t < T)%nat -> 1 - delta <= softmax (logit t) (S t) t.

(** The states of uniform feedback with gain gamma on a constant signal: c_0 = 1, c_t = 1 + gamma/t (c_0 + ... + c_(t-1)). *)
Definition position_code (gamma : R) (t : nat) : R := solution (fun i _ => gamma / INR i) (fun _ => 1) t.

(** The step of the code in closed form (ours): c_(t+1) - c_t = gamma (0+gamma)/2 (1+gamma)/3 ... (t-1+gamma)/(t+1), which is
    gamma^2 Gamma(t+gamma) / (Gamma(1+gamma) Gamma(t+2)).  For every gamma.
    Left: two-sided bounds for the least scale, and what floating-point numbers can tell apart *)
Definition ours_position_step : Prop :=
  forall gamma t, position_code gamma (S t) - position_code gamma t
                  = gamma * prod (fun i => (INR i + gamma) / (INR i + 2)) t.

(** Corollary I.8: one block adds lambda c_t u to token t, whatever it is given, whatever the normalisation; the codes c_t are
    strictly increasing; and for lambda above 2 R over the last step the numbers <h_t + p_t, u>, |h_t| <= R, of different
    positions are disjoint.  Departures: every width d >= 1 of queries, any u (a unit vector only where sets must be disjoint),
    a ball in place of a compact set (which lies in one), and the least distance of the codes is named: the last step. *)
Definition cor_I_8_hypotheses (m d : nat) (gamma : R) : Prop := (1 <= m)%nat /\ (1 <= d)%nat /\ 0 < gamma < 1.

Definition cor_I_8 : Prop :=
  forall m d gamma, cor_I_8_hypotheses m d gamma ->
  forall omega (Norm : (nat -> R) -> nat -> R) (u : nat -> R) (lambda : R),
  let c := position_code gamma in
  (exists p, forall h t i, (i < m)%nat -> block_output m d omega Norm p h t i = h t i + lambda * c t * u i)
  /\ (forall t, c t < c (S t))
  /\ (forall T Rad, inner m u u = 1 -> 0 <= Rad -> (2 <= T)%nat -> 2 * Rad / (c (T - 1)%nat - c (T - 2)%nat) < lambda ->
      forall s t v w, (s < t < T)%nat -> norm2 m v <= Rad -> norm2 m w <= Rad ->
      inner m (fun i => v i + lambda * c s * u i) u < inner m (fun i => w i + lambda * c t * u i) u).

(** Ours: the threshold of Corollary I.8 is sharp.  At lambda = 2 R / (c_(T-1) - c_(T-2)) the last two sets touch.
    Row: ours:position-step
    Left: two-sided bounds for the least scale, and what floating-point numbers can tell apart *)
Definition ours_position_threshold : Prop :=
  forall m gamma u T Rad, 0 < gamma < 1 -> inner m u u = 1 -> (2 <= T)%nat -> 0 < Rad ->
  let c := position_code gamma in let lambda := 2 * Rad / (c (T - 1)%nat - c (T - 2)%nat) in
  exists v w, norm2 m v <= Rad /\ norm2 m w <= Rad
    /\ inner m (fun i => v i + lambda * c (T - 2)%nat * u i) u = inner m (fun i => w i + lambda * c (T - 1)%nat * u i) u.

(** Lemma 4.10: one block adds an offset p_t to token t, whatever it is given, and on the ball of radius R the coordinate of
    h_t + p_t along a unit direction u lies in intervals J_0 < J_1 < ... < J_(T-1) of positive numbers.  Departures: any
    normalisation, any query width, and a ball in place of a compact set. *)
Definition lem_4_10_hypotheses (m d : nat) (Rad : R) : Prop := (1 <= m)%nat /\ (1 <= d)%nat /\ 0 <= Rad.

Definition ordered_intervals (T : nat) (low high : nat -> R) : Prop :=
  0 < low O /\ (forall t, (t < T)%nat -> low t <= high t) /\ (forall t, (S t < T)%nat -> high t < low (S t)).

Definition lem_4_10 : Prop :=
  forall m d Rad, lem_4_10_hypotheses m d Rad ->
  forall T omega (Norm : (nat -> R) -> nat -> R), exists (p : block) (offset : nat -> nat -> R) (u low high : nat -> R),
  (forall h t i, (i < m)%nat -> block_output m d omega Norm p h t i = h t i + offset t i)
  /\ inner m u u = 1 /\ ordered_intervals T low high
  /\ forall h t, (t < T)%nat -> norm2 m (h t) <= Rad -> low t <= inner m (fun i => h t i + offset t i) u <= high t.

(** Corollary 4.11: the offset can be lambda_t e_pos with rising numbers lambda_t.  Departure: for every unit direction e_pos. *)
Definition cor_4_11 : Prop :=
  forall m d Rad, lem_4_10_hypotheses m d Rad ->
  forall T omega (Norm : (nat -> R) -> nat -> R) (e_pos : nat -> R), inner m e_pos e_pos = 1 ->
  exists (p : block) (lambda low high : nat -> R),
  (forall h t i, (i < m)%nat -> block_output m d omega Norm p h t i = h t i + lambda t * e_pos i)
  /\ (forall t, lambda t < lambda (S t)) /\ ordered_intervals T low high
  /\ forall h t, (t < T)%nat -> norm2 m (h t) <= Rad ->
     low t <= inner m (fun i => block_output m d omega Norm p h t i) e_pos <= high t.

(** The sequence u with a e added to token tau. *)
Definition moved (u : nat -> nat -> R) (a : R) (e : nat -> R) (tau : nat) : nat -> nat -> R :=
  fun t i => u t i + (if Nat.eqb t tau then a * e i else 0).

(** Corollary 4.12: a block of the form of Corollary 4.11 lets signals along e_sig, orthogonal to e_pos, through, and the
    coordinate along e_pos does not see them.  For every map G of that form. *)
Definition cor_4_12_hypotheses (m : nat) (G : (nat -> nat -> R) -> nat -> nat -> R) (e_pos e_sig lambda : nat -> R) : Prop :=
  (forall h t i, (i < m)%nat -> G h t i = h t i + lambda t * e_pos i) /\ inner m e_sig e_pos = 0.

Definition cor_4_12 : Prop :=
  forall m G e_pos e_sig lambda, cor_4_12_hypotheses m G e_pos e_sig lambda ->
  forall h tau a t,
  (forall i, (i < m)%nat -> G (moved h a e_sig tau) t i = G h t i + (if Nat.eqb t tau then a * e_sig i else 0))
  /\ inner m (G (moved h a e_sig tau) t) e_pos = inner m (G h t) e_pos.

(** A continuous function of the first m coordinates. *)
Definition continuous_token_map (m : nat) (psi : (nat -> R) -> R) : Prop :=
  forall z eps, 0 < eps -> exists delta, 0 < delta
    /\ forall y, (forall i, (i < m)%nat -> Rabs (y i - z i) < delta) -> Rabs (psi y - psi z) < eps.

(** Corollary 4.13: a continuous psi reads the position off any token whose coordinate along e_pos lies in J_t. *)
Definition cor_4_13_hypotheses (T : nat) (low high : nat -> R) : Prop := ordered_intervals T low high.

Definition cor_4_13 : Prop :=
  forall T low high, cor_4_13_hypotheses T low high ->
  forall m e_pos, exists psi, continuous_token_map m psi
  /\ forall t z, (t < T)%nat -> low t <= inner m z e_pos <= high t -> psi z = INR t.

(** * Selective retrieval: Appendix K *)

(** Sequences of T + 1 tokens whose coordinates along e_pos lie in I_0 < I_1 < ... < I_T, in (0, oo). *)
Definition positioned (m T : nat) (e_pos low high : nat -> R) (u : nat -> nat -> R) : Prop :=
  forall t, (t <= T)%nat -> low t <= inner m (u t) e_pos <= high t.

(** Lemma K.1: a block without normalisation whose feedback rows put at least 1 - mu on the predecessor, for all sequences of
    ordered positions. *)
Definition lem_K_1_hypotheses (m d T : nat) (low high : nat -> R) (mu : R) : Prop :=
  (1 <= m)%nat /\ (1 <= d)%nat /\ ordered_intervals (S T) low high /\ 0 < mu < 1.

Definition lem_K_1 : Prop :=
  forall m d T low high mu, lem_K_1_hypotheses m d T low high mu -> forall e_pos, exists p,
  forall u, positioned m T e_pos low high u -> forall t, (1 <= t <= T)%nat ->
  1 - mu <= block_feedback_weight m d (fun z => z) p u t (t - 1)%nat /\ sum (block_feedback_weight m d (fun z => z) p u t) (t - 1) <= mu.

(** Lemma K.2: the same for the forward row and the token itself, with rotary embedding of any frequencies. *)
Definition lem_K_2_hypotheses (m d T : nat) (low high : nat -> R) (mu : R) : Prop :=
  (1 <= m)%nat /\ (2 <= d)%nat /\ ordered_intervals (S T) low high /\ 0 < mu < 1.

Definition lem_K_2 : Prop :=
  forall m d T low high mu, lem_K_2_hypotheses m d T low high mu -> forall omega e_pos, exists p,
  forall u, positioned m T e_pos low high u -> forall t, (t <= T)%nat ->
  1 - mu <= block_forward_weight m d omega (fun z => z) p u t t /\ sum (block_forward_weight m d omega (fun z => z) p u t) t <= mu.

(** Lemma K.18: one block without feedback sets the channel e_zero to 0, keeps every channel orthogonal to it, and lets
    signals orthogonal to it through. *)
Definition lem_K_18_hypotheses (m : nat) (e_zero : nat -> R) : Prop := (1 <= m)%nat /\ inner m e_zero e_zero = 1.

Definition lem_K_18 : Prop :=
  forall m e_zero, lem_K_18_hypotheses m e_zero -> forall d omega, exists p,
  let Z u := block_output m d omega (fun z => z) p u in
  (forall u t, gain m (fun z => z) p u t = 0)
  /\ (forall u t i, (i < m)%nat -> Z u t i = u t i - inner m (u t) e_zero * e_zero i)
  /\ (forall u t, inner m (Z u t) e_zero = 0)
  /\ (forall u t v, inner m e_zero v = 0 -> inner m (Z u t) v = inner m (u t) v)
  /\ (forall u a e_sig tau t i, inner m e_sig e_zero = 0 -> (i < m)%nat ->
      Z (moved u a e_sig tau) t i = Z u t i + (if Nat.eqb t tau then a * e_sig i else 0)).

(** Lemma K.19: one block without feedback removes the channels e_0, ..., e_(n-1).  First what it
    does, for any vectors; then, for orthonormal ones, that they are reset; that every channel orthogonal to them is kept;
    and that signals orthogonal to them pass.  Departures: any query width, any rotary frequencies. *)
Definition lem_K_19_hypotheses (m n : nat) : Prop := (1 <= m)%nat /\ (n <= m)%nat.

Definition lem_K_19 : Prop :=
  forall m n, lem_K_19_hypotheses m n -> forall d omega (e : nat -> nat -> R), exists p,
  let Z u := block_output m d omega (fun z => z) p u in
  (forall u t, gain m (fun z => z) p u t = 0)
  /\ (forall u t i, (i < m)%nat -> Z u t i = u t i - sum (fun r => inner m (u t) (e r) * e r i) n)
  /\ ((forall r r', (r < n)%nat -> (r' < n)%nat -> inner m (e r) (e r') = if Nat.eqb r r' then 1 else 0) ->
      forall u t r, (r < n)%nat -> inner m (Z u t) (e r) = 0)
  /\ (forall u t v, (forall r, (r < n)%nat -> inner m (e r) v = 0) -> inner m (Z u t) v = inner m (u t) v)
  /\ (forall u a e_sig tau t i, (forall r, (r < n)%nat -> inner m e_sig (e r) = 0) -> (i < m)%nat ->
      Z (moved u a e_sig tau) t i = Z u t i + (if Nat.eqb t tau then a * e_sig i else 0)).

(** Lemma K.7: one block without feedback overwrites the channel e_aux by a_t, which is within eps of 1 at tau and of 0
    elsewhere, at most 2 throughout, and depends on the positions alone; every channel orthogonal to e_aux is kept. *)
Definition lem_K_7_hypotheses (m d T tau : nat) (low high : nat -> R) (eps : R) (e_pos e_aux : nat -> R) : Prop :=
  (6 <= m)%nat /\ (2 <= d)%nat /\ ordered_intervals (S T) low high /\ (tau <= T)%nat /\ 0 < eps < 1
  /\ inner m e_aux e_aux = 1 /\ inner m e_pos e_aux = 0.

(** A coefficient of time t that is a function of the coordinates z along e_pos of the tokens up to t. *)
Definition of_positions (D : (nat -> R) -> nat -> R) : Prop :=
  forall z z' t, (forall j, (j <= t)%nat -> z j = z' j) -> D z t = D z' t.

Definition lem_K_7 : Prop :=
  forall m d T tau low high eps e_pos e_aux, lem_K_7_hypotheses m d T tau low high eps e_pos e_aux -> forall omega,
  exists p (a : (nat -> R) -> nat -> R), of_positions a /\ forall u,
  let z t := inner m (u t) e_pos in let y := block_output m d omega (fun z => z) p u in
  (forall t, gain m (fun z => z) p u t = 0)
  /\ (forall t i, (i < m)%nat -> y t i = u t i + (a z t - inner m (u t) e_aux) * e_aux i)
  /\ (forall t, inner m (y t) e_aux = a z t)
  /\ (forall t v, inner m e_aux v = 0 -> inner m (y t) v = inner m (u t) v)
  /\ (positioned m T e_pos low high u -> Rabs (a z tau - 1) <= eps
      /\ forall t, (t <= T)%nat -> (t <> tau -> Rabs (a z t) <= eps) /\ Rabs (a z t) <= 2).

(** Lemma K.11: one block without feedback multiplies the signal by D(t), which is within delta of <u_t, e_aux>; every channel
    orthogonal to e_sig is kept.  D is the mean of the auxiliary channel w under weights of the positions z, so that the derivative
    of the signal of token t by that of token j is D(t) for j = t, and 0 otherwise. *)
Definition lem_K_11_hypotheses (m d T : nat) (low high : nat -> R) (delta M : R) (e_pos e_sig e_aux : nat -> R) : Prop :=
  (4 <= m)%nat /\ (2 <= d)%nat /\ ordered_intervals (S T) low high /\ 0 < delta /\ 0 <= M
  /\ inner m e_sig e_sig = 1 /\ inner m e_pos e_sig = 0 /\ inner m e_aux e_sig = 0.

Definition lem_K_11 : Prop :=
  forall m d T low high delta M e_pos e_sig e_aux, lem_K_11_hypotheses m d T low high delta M e_pos e_sig e_aux -> forall omega,
  exists p (alpha : (nat -> R) -> nat -> nat -> R), (forall j, of_positions (fun z t => alpha z t j)) /\ forall u,
  let z t := inner m (u t) e_pos in let w t := inner m (u t) e_aux in
  let D t := sum (fun j => alpha z t j * w j) (S t) in
  let y := block_output m d omega (fun z => z) p u in
  (forall t, gain m (fun z => z) p u t = 0)
  /\ (forall t i, (i < m)%nat -> y t i = u t i + (D t - 1) * inner m (u t) e_sig * e_sig i)
  /\ (forall t, inner m (y t) e_sig = D t * inner m (u t) e_sig)
  /\ (forall t v, inner m e_sig v = 0 -> inner m (y t) v = inner m (u t) v)
  /\ (forall t j, is_derive (fun h => inner m (block_output m d omega (fun z => z) p (moved u h e_sig j) t) e_sig) 0
                          (if Nat.eqb t j then D t else 0))
  /\ (positioned m T e_pos low high u -> (forall t, (t <= T)%nat -> Rabs (w t) <= M) ->
      forall t, (t <= T)%nat -> Rabs (D t - w t) <= delta).

(** Lemma K.12, with Remark K.13: two blocks without feedback select the source tau.  The signal is multiplied by D(t), a
    function of the positions alone, with 1/2 <= D(tau) <= 2 and |D(t)| <= eps elsewhere; every channel orthogonal to e_sig
    and e_aux is kept.  So the derivative of the signal of token t by that of token j is D(t) for j = t, and 0 otherwise. *)
Definition lem_K_12_hypotheses (m d T tau : nat) (low high : nat -> R) (eps : R) (e_pos e_sig e_aux : nat -> R) : Prop :=
  (6 <= m)%nat /\ (2 <= d)%nat /\ ordered_intervals (S T) low high /\ (tau <= T)%nat /\ 0 < eps < 1
  /\ inner m e_sig e_sig = 1 /\ inner m e_aux e_aux = 1
  /\ inner m e_pos e_sig = 0 /\ inner m e_pos e_aux = 0 /\ inner m e_aux e_sig = 0.

Definition selects (m T tau : nat) (low high : nat -> R) (eps : R) (e_pos e_sig e_aux : nat -> R)
  (G : (nat -> nat -> R) -> nat -> nat -> R) (D a : (nat -> R) -> nat -> R) : Prop :=
  of_positions D /\ of_positions a /\ forall u,
  let z t := inner m (u t) e_pos in
  (forall t i, (i < m)%nat ->
     G u t i = u t i + (a z t - inner m (u t) e_aux) * e_aux i + (D z t - 1) * inner m (u t) e_sig * e_sig i)
  /\ (forall t, inner m (G u t) e_sig = D z t * inner m (u t) e_sig)
  /\ (forall t v, inner m e_sig v = 0 -> inner m e_aux v = 0 -> inner m (G u t) v = inner m (u t) v)
  /\ (positioned m T e_pos low high u ->
      1 / 2 <= D z tau <= 2 /\ forall t, (t <= T)%nat -> t <> tau -> Rabs (D z t) <= eps).

Definition lem_K_12 : Prop :=
  forall m d T tau low high eps e_pos e_sig e_aux, lem_K_12_hypotheses m d T tau low high eps e_pos e_sig e_aux ->
  forall omega, exists p1 p2 D a,
  let G u := block_output m d omega (fun z => z) p2 (block_output m d omega (fun z => z) p1 u) in
  (forall u t, gain m (fun z => z) p1 u t = 0 /\ gain m (fun z => z) p2 u t = 0)
  /\ selects m T tau low high eps e_pos e_sig e_aux G D a
  /\ forall u t j, is_derive (fun h => inner m (G (moved u h e_sig j) t) e_sig) 0
                          (if Nat.eqb t j then D (fun i => inner m (u i) e_pos) t else 0).

(** Remark K.13: the coefficients of a selector are equal for two sequences with the same positions, whatever else differs. *)
Definition rem_K_13_hypotheses (m T tau : nat) (low high : nat -> R) (eps : R) (e_pos e_sig e_aux : nat -> R)
  (G : (nat -> nat -> R) -> nat -> nat -> R) (D a : (nat -> R) -> nat -> R) : Prop :=
  selects m T tau low high eps e_pos e_sig e_aux G D a.

Definition rem_K_13 : Prop :=
  forall m T tau low high eps e_pos e_sig e_aux G D a, rem_K_13_hypotheses m T tau low high eps e_pos e_sig e_aux G D a ->
  forall u v t x y, (forall j, (j <= t)%nat -> inner m (u j) e_pos = inner m (v j) e_pos) ->
  inner m (G u t) e_sig = x * inner m (u t) e_sig -> inner m (G v t) e_sig = y * inner m (v t) e_sig ->
  inner m (u t) e_sig <> 0 -> inner m (v t) e_sig <> 0 -> x = y.

(** Lemma K.14: a selector maps a sequence and the same sequence with signals a_t e_sig added to sequences that differ by
    D(i) a_i e_sig, so by at most 2 delta if |a_i| <= delta.  For every map that [selects]: the ones of Lemma K.12 do. *)
Definition lem_K_14_hypotheses (m T tau : nat) (low high : nat -> R) (eps : R) (e_pos e_sig e_aux : nat -> R)
  (G : (nat -> nat -> R) -> nat -> nat -> R) (D a : (nat -> R) -> nat -> R) : Prop :=
  selects m T tau low high eps e_pos e_sig e_aux G D a /\ 0 < eps < 1
  /\ inner m e_sig e_sig = 1 /\ inner m e_sig e_pos = 0 /\ inner m e_sig e_aux = 0.

Definition lem_K_14 : Prop :=
  forall m T tau low high eps e_pos e_sig e_aux G D a,
  lem_K_14_hypotheses m T tau low high eps e_pos e_sig e_aux G D a ->
  forall u b delta, let z t := inner m (u t) e_pos in
  (forall i c, (c < m)%nat -> G (fun t k => u t k + b t * e_sig k) i c = G u i c + D z i * b i * e_sig c)
  /\ (positioned m T e_pos low high u -> forall i, (i <= T)%nat -> Rabs (b i) <= delta -> Rabs (D z i * b i) <= 2 * delta).

(** Definitions 11 and 12.  Sequences of T + 1 tokens of width m; the control subspace is spanned by e_0, ..., e_(n-1).  K is a
    set of sequences; a kernel of u is a lower-triangular matrix. *)
Definition sequence : Type := nat -> nat -> R.

Definition same_controls (m n T : nat) (e : nat -> nat -> R) (u v : sequence) : Prop :=
  forall t r, (t <= T)%nat -> (r < n)%nat -> inner m (u t) (e r) = inner m (v t) (e r).

Definition saturation (m T : nat) (e_sig : nat -> R) (delta : R) (K : sequence -> Prop) (v : sequence) : Prop :=
  exists u a, K u /\ (forall t, (t <= T)%nat -> Rabs (a t) <= delta) /\ forall t i, v t i = u t i + a t * e_sig i.

Definition exact_transport (m n T : nat) (e : nat -> nat -> R) (e_sig : nat -> R) (K : sequence -> Prop)
  (B : sequence -> sequence) (kernel : sequence -> nat -> nat -> R) : Prop :=
  (forall u, K u -> same_controls m n T e (B u) u)
  /\ (forall u v i j, K u -> K v -> same_controls m n T e u v -> (j <= i <= T)%nat -> kernel u i j = kernel v i j)
  /\ (forall u i, K u -> (i <= T)%nat -> inner m (B u i) e_sig = sum (fun j => kernel u i j * inner m (u j) e_sig) (S i)).

(** Lemma K.8 (i): a signal h e_sig added at token j moves the signal of token i at the rate T_u(i, j).  Departure: that B is
    differentiable in this direction is a conclusion; the paper assumes that it is C^1.
    Row: lem:K.8
    Left: (ii), which is [lem_K_8_ii]. *)
Definition lem_K_8_i_hypotheses (m n T : nat) (e : nat -> nat -> R) (e_sig : nat -> R) (delta : R) (K : sequence -> Prop)
  (B : sequence -> sequence) (kernel : sequence -> nat -> nat -> R) : Prop :=
  0 < delta /\ inner m e_sig e_sig = 1 /\ (forall r, (r < n)%nat -> inner m e_sig (e r) = 0)
  /\ exact_transport m n T e e_sig (saturation m T e_sig delta K) B kernel /\ exists u, K u.

Definition lem_K_8_i : Prop :=
  forall m n T e e_sig delta K B kernel, lem_K_8_i_hypotheses m n T e e_sig delta K B kernel ->
  forall u i j, K u -> (j <= i <= T)%nat ->
  is_derive (fun h => inner m (B (moved u h e_sig j) i) e_sig) 0 (kernel u i j).

(** Lemma K.8 (ii): kernels multiply.  For any set X, and any Y that holds B_1(X).
    Row: lem:K.8
    Left: (i), which is [lem_K_8_i]. *)
Definition lem_K_8_ii_hypotheses (m n T : nat) (e : nat -> nat -> R) (e_sig : nat -> R) (X Y : sequence -> Prop)
  (B1 B2 : sequence -> sequence) (kernel1 kernel2 : sequence -> nat -> nat -> R) : Prop :=
  exact_transport m n T e e_sig X B1 kernel1 /\ exact_transport m n T e e_sig Y B2 kernel2
  /\ (forall u, X u -> Y (B1 u)) /\ exists u, X u.

Definition lem_K_8_ii : Prop :=
  forall m n T e e_sig X Y B1 B2 kernel1 kernel2, lem_K_8_ii_hypotheses m n T e e_sig X Y B1 B2 kernel1 kernel2 ->
  exact_transport m n T e e_sig X (fun u => B2 (B1 u))
    (fun u i j => sum (fun k => kernel2 (B1 u) i (j + k)%nat * kernel1 u (j + k)%nat j) (S i - j)).

(** Lemma K.8: its two parts together. *)
Definition lem_K_8 : Prop := lem_K_8_i /\ lem_K_8_ii.

(** Lemma K.9: a preprocessing R that lets signals through does not change the rates of B.  Correction: R has to let *every*
    channel orthogonal to e_sig through, R(u + a e_sig 1[. = tau]) = R(u) + a e_sig 1[. = tau] on the tokens up to T.  As printed,
    with Definition 13 for the control channels only, R(u + a e_sig 1[. = tau]) need not lie in the saturation of R(K), and
    the lemma is false, for linear maps even ([lem_K_9_as_printed_false]).  Departure: B and R need not be differentiable. *)
Definition lem_K_9_hypotheses (m n T : nat) (e : nat -> nat -> R) (e_sig : nat -> R) (delta a0 : R) (K : sequence -> Prop)
  (Pre B : sequence -> sequence) (kernel : sequence -> nat -> nat -> R) : Prop :=
  0 < delta /\ 0 < a0 /\ inner m e_sig e_sig = 1 /\ (forall r, (r < n)%nat -> inner m e_sig (e r) = 0)
  /\ (forall u tau a, K u -> (tau <= T)%nat -> Rabs a <= a0 ->
      forall t i, Pre (moved u a e_sig tau) t i = moved (Pre u) a e_sig tau t i)
  /\ exact_transport m n T e e_sig (saturation m T e_sig delta (fun v => exists u, K u /\ v = Pre u)) B kernel /\ exists u, K u.

Definition lem_K_9 : Prop :=
  forall m n T e e_sig delta a0 K Pre B kernel, lem_K_9_hypotheses m n T e e_sig delta a0 K Pre B kernel ->
  forall u i j, K u -> (j <= i <= T)%nat ->
  is_derive (fun h => inner m (B (Pre (moved u h e_sig j)) i) e_sig) 0 (kernel (Pre u) i j).

(** Sums of powers (ours, used in Lemmas K.15 to K.22): (t+1)^(1-beta) <= 1 + 2^(-beta) + ... + (t+1)^(-beta) <= (t+1)^(1-beta)/(1-beta).
    Row: none *)
Definition ours_power_sum : Prop :=
  forall beta t, 0 < beta < 1 ->
  Rpower (INR (S t)) (1 - beta) <= sum (fun n => Rpower (INR (S n)) (- beta)) (S t) <= Rpower (INR (S t)) (1 - beta) / (1 - beta).

(** Lemma K.20, its ideal predecessor recursion: r_t = g_t + lambda r_(t-1) with lambda = 1 - 1/(4(L+1)) turns a tail of
    order (t+1)^(-beta) into a profile of order (t+1)^(1-beta) up to L, with the constants e^(-1/4) and 1/(1-beta).
    Left: that one block computes this recursion up to a small error *)
Definition lem_K_20_ideal_hypotheses (beta low high : R) (L : nat) (g r : nat -> R) : Prop :=
  0 < beta < 1 /\ 0 <= low
  /\ (forall t, (t <= L)%nat -> low * Rpower (INR (S t)) (- beta) <= g t <= high * Rpower (INR (S t)) (- beta))
  /\ r O = g O /\ forall t, (t < L)%nat -> r (S t) = g (S t) + (1 - 1 / (4 * (INR L + 1))) * r t.

Definition lem_K_20_ideal : Prop :=
  forall beta low high L g r, lem_K_20_ideal_hypotheses beta low high L g r ->
  forall t, (t <= L)%nat ->
  exp (- (1 / 4)) * low * Rpower (INR (S t)) (1 - beta) <= r t <= high / (1 - beta) * Rpower (INR (S t)) (1 - beta).

(** Entry (i, j) of the resolvent of uniform feedback: the state i for the signal 1 at token j. *)
Definition uniform_resolvent (gamma : R) (i j : nat) : R :=
  solution (fun i _ => gamma / INR i) (fun k => if Nat.eqb k j then 1 else 0) i.

(** Lemma K.15, its kernel: uniform feedback with gain gamma = 1 - beta behind a forward row alpha that is focused on the
    diagonal up to mu <= beta gamma/(4(T+1)).  The transport K(i, j) = sum over k of Theta_ik alpha_kj, Theta the resolvent, is
    of order (j+1)^(-gamma) (i+1)^(-beta) for j < i, with constants of beta alone; and D(i) = 1 + K(i, i) is between 3/2 and 2.
    Left: that two blocks realise it *)
Definition lem_K_15_kernel_hypotheses (beta mu : R) (T : nat) (alpha : nat -> nat -> R) : Prop :=
  0 < beta < 1 /\ 0 <= mu <= beta * (1 - beta) / (4 * (INR T + 1))
  /\ forall k, (k <= T)%nat -> (forall j, (j <= k)%nat -> 0 <= alpha k j) /\ sum (alpha k) (S k) = 1 /\ sum (alpha k) k <= mu.

Definition lem_K_15_kernel : Prop :=
  forall beta mu T alpha, lem_K_15_kernel_hypotheses beta mu T alpha ->
  let gamma := 1 - beta in
  let kernel i j := sum (fun k => uniform_resolvent gamma i (j + k)%nat * alpha (j + k)%nat j) (S i - j) in
  (forall i, (i <= T)%nat -> 3 / 2 <= 1 + kernel i i <= 2)
  /\ forall i j, (j < i <= T)%nat ->
     gamma / 2 * (Rpower (INR (S j)) (- gamma) * Rpower (INR (S i)) (- beta)) <= kernel i j
     /\ kernel i j <= 5 * gamma * (Rpower (INR (S j)) (- gamma) * Rpower (INR (S i)) (- beta)).

(** L(i, j) = Theta_ij/(j+1) + ... + Theta_ii/(i+1), Theta the resolvent of uniform feedback. *)
Definition macro_sum (gamma : R) (i j : nat) : R :=
  sum (fun k => uniform_resolvent gamma i (j + k)%nat / INR (S (j + k))) (S i - j).

(** L(i, j) >= (j+1)^(-gamma) (i+1)^(-beta) for gamma = 1 - beta; 1 is the best constant, also where j < i alone. *)
Definition ours_macro_sums : Prop :=
  forall beta, 0 < beta < 1 ->
  (forall i j, (j <= i)%nat -> Rpower (INR (S j)) (- (1 - beta)) * Rpower (INR (S i)) (- beta) <= macro_sum (1 - beta) i j)
  /\ forall c, (forall i j, (j < i)%nat ->
       c * (Rpower (INR (S j)) (- (1 - beta)) * Rpower (INR (S i)) (- beta)) <= macro_sum (1 - beta) i j) -> c <= 1.

(** Lemma K.22, its kernel D(i) 1[i = j] + K(i, j) 1[j < i] with D(i) = 1 + m_i/(i+1) and K(i, j) = m_j L(i, j), where m is the
    profile r, of order (t+1)^gamma, mixed by a forward row that is focused up to mu: D is bounded and K(i, j) of order
    (i+1)^(-beta), with constants of mu and of the profile's.
    Left: that two blocks realise it *)
Definition lem_K_22_kernel_hypotheses (beta mu low high : R) (T : nat) (alpha : nat -> nat -> R) (r : nat -> R) : Prop :=
  0 < beta < 1 /\ 0 <= mu <= 1 / 2 /\ 0 < low
  /\ (forall k, (k <= T)%nat -> (forall j, (j <= k)%nat -> 0 <= alpha k j) /\ sum (alpha k) (S k) = 1 /\ sum (alpha k) k <= mu)
  /\ forall t, (t <= T)%nat -> low * Rpower (INR (S t)) (1 - beta) <= r t <= high * Rpower (INR (S t)) (1 - beta).

Definition lem_K_22_kernel : Prop :=
  forall beta mu low high T alpha r, lem_K_22_kernel_hypotheses beta mu low high T alpha r ->
  let m t := sum (fun j => alpha t j * r j) (S t) in
  (forall i, (i <= T)%nat -> 1 <= 1 + m i / INR (S i) <= 1 + high)
  /\ forall i j, (j < i <= T)%nat ->
     (1 - mu) * low * Rpower (INR (S i)) (- beta) <= m j * macro_sum (1 - beta) i j <= 9 * high * Rpower (INR (S i)) (- beta)
     /\ m j * macro_sum (1 - beta) i j <= 9 * high * Rpower (INR (S (i - j))) (- beta).

(** The kernel of a selector D and the first r of the layers M_0, M_1, ... *)
Fixpoint source_stack (D : nat -> R) (M : nat -> nat -> nat -> R) (r : nat) (t tau : nat) : R :=
  match r with
  | O => if Nat.eqb t tau then D tau else 0
  | S q => sum (fun i => M q t i * source_stack D M q i tau) (S t)
  end.

(** Lemma K.26: the selector's other sources stay small behind k macro-layers, with an explicit constant.  The entries of the
    layers are not negative, as in Lemma K.22. *)
Definition lem_K_26_hypotheses (beta eps dplus aplus : R) (k T tau_max tau : nat) (D : nat -> R) (M : nat -> nat -> nat -> R) : Prop :=
  0 < beta < 1 /\ 0 <= eps /\ 0 <= dplus /\ 0 <= aplus /\ (tau <= tau_max)%nat
  /\ (forall s, (s <= T)%nat -> s <> tau -> Rabs (D s) <= eps)
  /\ (forall r i, (r < k)%nat -> (i <= T)%nat -> 1 <= M r i i <= dplus)
  /\ (forall r i j, (r < k)%nat -> (j < i <= T)%nat -> 0 <= M r i j <= aplus * Rpower (INR (S i)) (- beta)).

Definition lem_K_26 : Prop :=
  forall beta eps dplus aplus k T tau_max tau D M, lem_K_26_hypotheses beta eps dplus aplus k T tau_max tau D M ->
  let C := ((dplus + aplus) * Rpower (INR (S tau_max)) (1 - beta)) ^ k in
  forall l, (tau + l <= T)%nat ->
  let others := sum (fun s => if Nat.eqb s tau then 0 else Rabs (source_stack D M k (tau + l)%nat s)) (tau + l) in
  others <= C * eps * Rpower (INR (S l)) (INR k * (1 - beta))
  /\ forall c H, 0 < c -> (l <= H)%nat -> C * eps <= c / 2 / INR (S H) ->
     others <= c / 2 * Rpower (INR (S l)) (INR k * (1 - beta) - 1).

(** * GELU and LayerNorm: I.15, K.3 to K.6, J.1 *)

(** LayerNorm without weights, of width m. *)
Definition mean (m : nat) (z : nat -> R) : R := sum z m / INR m.
Definition deviation (m : nat) (eps : R) (z : nat -> R) : R := sqrt (sum (fun i => (z i - mean m z) ^ 2) m / INR m + eps).
Definition layer_norm (m : nat) (eps : R) (z : nat -> R) (i : nat) : R := (z i - mean m z) / deviation m eps z.

(** The token (u, c, ..., c, -c, ..., -c) with m0 coordinates u and h times c and -c. *)
Definition scaffold (m0 h : nat) (c : R) (u : nat -> R) (i : nat) : R :=
  if Nat.ltb i m0 then u i else if Nat.ltb i (m0 + h) then c else - c.

(** Lemma J.1: on a ball LayerNorm of a token on a wide scaffold is nearly linear, whatever c > 0 is. *)
Definition lem_J_1_hypotheses (eps Rad delta c : R) (m0 : nat) : Prop :=
  0 < eps /\ 0 <= Rad /\ 0 < delta /\ 0 < c /\ (1 <= m0)%nat.

Definition lem_J_1 : Prop :=
  forall eps Rad delta c m0, lem_J_1_hypotheses eps Rad delta c m0 -> exists h a, (1 <= h)%nat /\ 0 < a
  /\ forall u, norm2 m0 u <= Rad ->
     norm2 m0 (fun i => layer_norm (m0 + 2 * h) eps (scaffold m0 h c u) i - a * u i) <= delta.

(** Ours: how near, at most a m0 R/m + a^3 R^3/(2 m) with m = m0 + 2 h and a = 1/sqrt(2 h c^2/m + eps); the paper's bound is
    m0 R/(m sqrt eps) + R^3/(m eps^(3/2)).
    Row: lem:J.1
    Left: that it falls below every delta, which is [lem_J_1]. *)
Definition ours_scaffold_error_hypotheses (eps Rad c : R) (m0 h : nat) : Prop :=
  0 < eps /\ 0 <= Rad /\ (1 <= m0)%nat.

Definition ours_scaffold_error : Prop :=
  forall eps Rad c m0 h, ours_scaffold_error_hypotheses eps Rad c m0 h ->
  let m := INR (m0 + 2 * h) in let a := / sqrt (2 * INR h * c ^ 2 / m + eps) in
  forall u, norm2 m0 u <= Rad ->
  norm2 m0 (fun i => layer_norm (m0 + 2 * h) eps (scaffold m0 h c u) i - a * u i)
    <= a * INR m0 * Rad / m + a ^ 3 * Rad ^ 3 / (2 * m)
  /\ a * INR m0 * Rad / m + a ^ 3 * Rad ^ 3 / (2 * m) <= INR m0 * Rad / (m * sqrt eps) + Rad ^ 3 / (m * sqrt eps ^ 3).

(** R_L of Lemma K.3: the GELU with its argument stretched by L. *)
Definition scaled_GELU (L u : R) : R := GELU (L * u) / L.

(** Lemma K.3: the scaled GELU is the ReLU up to 1/(L sqrt(2 pi)). *)
Definition lem_K_3_hypotheses (L : R) : Prop := 0 < L.

Definition lem_K_3 : Prop :=
  forall L u, lem_K_3_hypotheses L -> Rabs (scaled_GELU L u - Rmax u 0) <= 1 / (L * sqrt (2 * PI)).

(** Ours: the best constant of Lemma K.3 lies between .16997 and .16998; the paper's 1/sqrt(2 pi) is .39894.
    Row: ours:gelu-gap
    Left: more digits, and that the maximum is attained at one point only *)
Definition ours_K_3_best_constant : Prop :=
  forall L, 0 < L ->
  (forall u, Rabs (scaled_GELU L u - Rmax u 0) <= 16998 / 100000 / L)
  /\ exists u, 16997 / 100000 / L <= Rabs (scaled_GELU L u - Rmax u 0).

(** Lemma K.4: the identity from two GELUs, exactly.  Departure: for every activation x sigma(x) with
    sigma(x) + sigma(-x) = 1; that Phi is such a sigma is the second part. *)
Definition lem_K_4 : Prop :=
  (forall (sigma : R -> R) L x, L <> 0 -> (forall y, sigma y + sigma (- y) = 1) ->
   (L * x) * sigma (L * x) / L - (L * - x) * sigma (L * - x) / L = x)
  /\ forall L x, 0 < L -> scaled_GELU L x - scaled_GELU L (- x) = x
                          /\ Rabs (scaled_GELU L x - scaled_GELU L (- x) - x) <= 2 / (L * sqrt (2 * PI)).

(** Corollary K.5: two a-slots of a block without normalisation, weighted L e and -L e, read the channel <u_t, e> exactly
    behind the activation.  Departure: for any vector e. *)
Definition cor_K_5_hypotheses (m : nat) (p : block) (e : nat -> R) (L : R) (plus minus : nat) : Prop :=
  0 < L /\ (forall i, (i < m)%nat -> W_a p i plus = L * e i /\ W_a p i minus = - L * e i) /\ b_a p plus = 0 /\ b_a p minus = 0.

Definition cor_K_5 : Prop :=
  forall m p e L plus minus, cor_K_5_hypotheses m p e L plus minus ->
  forall u t, / L * (activation m (fun z => z) p u t plus - activation m (fun z => z) p u t minus) = inner m (u t) e.

(** Four scaled GELUs: a ramp from a to a', less a ramp from b to b'. *)
Definition window (L a a' b b' x : R) : R :=
  (scaled_GELU L (x - a) - scaled_GELU L (x - a')) / (a' - a) - (scaled_GELU L (x - b) - scaled_GELU L (x - b')) / (b' - b).

(** Lemma K.6: a window of four scaled GELUs, 1 on the interval tau and 0 on the others, up to eta; and a block without
    normalisation has it as a combination of four a-slots behind the activation. *)
Definition lem_K_6_hypotheses (T tau : nat) (low high : nat -> R) (eta : R) : Prop :=
  ordered_intervals (S T) low high /\ (tau <= T)%nat /\ 0 < eta < 1.

Definition lem_K_6 : Prop :=
  forall T tau low high eta, lem_K_6_hypotheses T tau low high eta ->
  exists a a' b b' L, a < a' < low tau /\ high tau < b < b' /\ 0 < L
  /\ (forall x, low tau <= x <= high tau -> Rabs (window L a a' b b' x - 1) <= eta)
  /\ (forall t x, (t <= T)%nat -> t <> tau -> low t <= x <= high t -> Rabs (window L a a' b b' x) <= eta)
  /\ (forall x, Rabs (window L a a' b b' x) <= 1 + eta)
  /\ forall m e, (4 <= m)%nat -> exists p (read : nat -> R), forall u t,
     sum (fun k => read k * activation m (fun z => z) p u t k) 4 = window L a a' b b' (inner m (u t) e).

(** Ours: how large L has to be for Lemma K.6, and with the best constant of Lemma K.3 in place of 1/sqrt(2 pi).
    Row: none *)
Definition ours_window_error_hypotheses (L a a' b b' eta : R) : Prop :=
  0 < L /\ a < a' <= b /\ b < b' /\ 2 * (16998 / 100000) / eta * (1 / (a' - a) + 1 / (b' - b)) <= L /\ 0 < eta.

Definition ours_window_error : Prop :=
  forall L a a' b b' eta, ours_window_error_hypotheses L a a' b b' eta ->
  (forall x, a' <= x <= b -> Rabs (window L a a' b b' x - 1) <= eta)
  /\ (forall x, x <= a \/ b' <= x -> Rabs (window L a a' b b' x) <= eta)
  /\ (forall x, Rabs (window L a a' b b' x) <= 1 + eta).

(** Lemma I.15: for small eps, (2/eps) GELU(eps z) is z up to eta, on every ball.  The paper's linear map is applied first. *)
Definition lem_I_15_hypotheses (Rad eta : R) : Prop := 0 <= Rad /\ 0 < eta.

Definition lem_I_15 : Prop :=
  forall m Rad eta, lem_I_15_hypotheses Rad eta -> exists eps0, 0 < eps0
  /\ forall eps z, 0 < eps <= eps0 -> norm2 m z <= Rad -> norm2 m (fun i => 2 / eps * GELU (eps * z i) - z i) <= eta.

(** Ours: each coordinate of Lemma I.15 is off by at most sqrt(2/pi) eps u^2.
    Row: lem:I.15
    Left: the whole vector on a ball, which is [lem_I_15]. *)
Definition ours_I_15 : Prop :=
  forall eps u, 0 < eps -> Rabs (2 / eps * GELU (eps * u) - u) <= sqrt (2 / PI) * eps * u ^ 2.

(** * Rounding: forward substitution in floating-point arithmetic *)

(** A rounding of the real numbers: fl x is what the machine has in place of x, off by at most u |x| + e; u is the unit
    roundoff, and e is what underflow may add (0 in the standard model). *)
Definition rounds (fl : R -> R) (u e : R) : Prop := forall x, Rabs (fl x - x) <= u * Rabs x + e.

(** b_0 x_0 + ... + b_(n-1) x_(n-1), from left to right, every product and every sum rounded. *)
Fixpoint rounded_dot (fl : R -> R) (b x : nat -> R) (n : nat) : R :=
  match n with
  | O => 0
  | S m => fl (rounded_dot fl b x m + fl (b m * x m))
  end.

(** Forward substitution as the machine does it: the dot product with the states so far, then f_t + that, rounded. *)
Fixpoint rounded_states (fl : R -> R) (B : nat -> nat -> R) (f : nat -> R) (n : nat) : nat -> R :=
  match n with
  | O => fun _ => 0
  | S m => fun t => if Nat.eqb t m then fl (f m + rounded_dot fl (B m) (rounded_states fl B f m) m)
                    else rounded_states fl B f m t
  end.
Definition rounded_solution (fl : R -> R) (B : nat -> nat -> R) (f : nat -> R) (t : nat) : R := rounded_states fl B f (S t) t.

(** The bound of [ours_rounding]: u and e of the rounding, |f_t| <= F, rows of B that sum to at most rho, T tokens. *)
Definition ours_rounding_bound (u e rho F : R) (T : nat) : R :=
  let theta := (1 + u) ^ (T + 2) in ((theta - 1) * (F / (1 - rho)) + (2 * INR T + 1) * theta * e) / (1 - rho * theta).

(** Ours: how far forward substitution in floating-point arithmetic is from the exact solution of (I - B) s = f with the same
    B and f, of which row t < T has |B_t0| + ... + |B_t(t-1)| <= rho < 1 and |f_t| <= F.  With theta = (1 + u)^(T+2), which is
    1 + (T + 2) u + O(u^2), the error is at most ((theta - 1) F/(1 - rho) + (2 T + 1) theta e)/(1 - rho theta).
    Row: none *)
Definition ours_rounding_hypotheses (fl : R -> R) (u e rho F : R) (B : nat -> nat -> R) (f : nat -> R) (T : nat) : Prop :=
  rounds fl u e /\ 0 <= u /\ 0 <= e /\ 0 <= rho < 1 /\ rho * (1 + u) ^ (T + 2) < 1
  /\ (forall t, (t < T)%nat -> sum (fun j => Rabs (B t j)) t <= rho) /\ (forall t, (t < T)%nat -> Rabs (f t) <= F).

Definition ours_rounding : Prop :=
  forall fl u e rho F B f T, ours_rounding_hypotheses fl u e rho F B f T ->
  forall t, (t < T)%nat -> Rabs (rounded_solution fl B f t - solution B f t) <= ours_rounding_bound u e rho F T.

(** Ours: the same from what came out.  Where the computed states are at most M, the error is at most
    ((u/(1-u) + ((1+u)^(T+1) - 1) rho) M + (1/(1-u) + 2 T (1+u)^(T+1)) e)/(1 - rho): with one factor 1/(1 - rho) less.
    Row: none *)
Definition ours_running_rounding_hypotheses (fl : R -> R) (u e rho M : R) (B : nat -> nat -> R) (f : nat -> R) (T : nat) : Prop :=
  rounds fl u e /\ 0 <= u < 1 /\ 0 <= e /\ 0 <= rho < 1
  /\ (forall t, (t < T)%nat -> sum (fun j => Rabs (B t j)) t <= rho)
  /\ (forall t, (t < T)%nat -> Rabs (rounded_solution fl B f t) <= M).

Definition ours_running_rounding : Prop :=
  forall fl u e rho M B f T, ours_running_rounding_hypotheses fl u e rho M B f T ->
  forall t, (t < T)%nat -> Rabs (rounded_solution fl B f t - solution B f t)
    <= ((u / (1 - u) + ((1 + u) ^ (T + 1) - 1) * rho) * M + (1 / (1 - u) + 2 * INR T * (1 + u) ^ (T + 1)) * e) / (1 - rho).

(** The standard of the numbers: binary64 with rounding to nearest, ties to even, as Flocq has it: 53 digits, gradual
    underflow below 2^-1022.  There is no largest number here: overflow is left out. *)
Definition binary64 (x : R) : R := Flocq.Core.Generic_fmt.round Flocq.Core.Zaux.radix2 (Flocq.Core.FLT.FLT_exp (-1074) 53)
  (Flocq.Core.Generic_fmt.Znearest (fun n => negb (Z.even n))) x.

(** Ours: the same for the mixer's feedback B_tj = gamma_t alpha_tj, |gamma_t| <= rho and rows of attention, in binary64:
    u = 2^-53, e = 2^-1075.
    Row: none *)
Definition ours_rounding_binary64_hypotheses (gamma : nat -> R) (alpha : nat -> nat -> R) (rho F : R) (f : nat -> R) (T : nat) : Prop :=
  0 <= rho < 1 /\ rho * (1 + / 2 ^ 53) ^ (T + 2) < 1
  /\ (forall t, (t < T)%nat -> Rabs (gamma t) <= rho /\ Rabs (f t) <= F
      /\ (forall j, (j < t)%nat -> 0 <= alpha t j) /\ sum (alpha t) t <= 1).

Definition ours_rounding_binary64 : Prop :=
  forall gamma alpha rho F f T, ours_rounding_binary64_hypotheses gamma alpha rho F f T ->
  let B t j := gamma t * alpha t j in
  forall t, (t < T)%nat ->
  Rabs (rounded_solution binary64 B f t - solution B f t) <= ours_rounding_bound (/ 2 ^ 53) (/ 2 ^ 1075) rho F T.
