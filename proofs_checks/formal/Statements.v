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

(** Remark 2.1: kernels do not tell a direct read from feedback: a matrix is the kernel of a solve, K (I - B) = I with
    some strictly lower triangular B, exactly if it is lower triangular with ones on the diagonal.
    The paper says that every causal linear map has a lower triangular kernel; the sentence on the solve is ours. *)
Definition rem_2_1 : Prop :=
  forall (R : comRingType) (T : nat) (K : 'M[R]_T),
    unit_lower K <-> exists B : 'M[R]_T, strictly_lower B /\ K *m (1%:M - B) = 1%:M /\ (1%:M - B) *m K = 1%:M.

End OverAnyRing.

(** * Stability: 4.2, 2, 25, D.1 to D.4 *)

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

(** Remark E.2: without feedback, eta = 0, the impulse stays where it is. *)
Definition rem_E_2_hypotheses (gamma : nat -> R) (alpha : nat -> nat -> R) (gamma_max c2 : R) (tau : nat) (y : nat -> R)
    (T : nat) : Prop :=
  decay_hypotheses gamma alpha gamma_max c2 tau y T /\ gamma_max * c2 = 0.

Definition rem_E_2 : Prop :=
  forall gamma alpha gamma_max c2 tau y T, rem_E_2_hypotheses gamma alpha gamma_max c2 tau y T ->
  ((tau < T)%nat -> y tau = 1) /\ forall t, (tau < t < T)%nat -> y t = 0.

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

(** The recursion behind Theorem 23, Corollary B.7 and Proposition 10 (iii).  d(t) stands for the norm of the derivative of the
    state s_t by token tau.  By (38) it is at most what enters directly, A_0 at tau and A_1/(t+1) later, and what the
    feedback carries on; before the source it is 0. *)
Definition jacobian_recursion (gamma : nat -> R) (alpha : nat -> nat -> R) (gamma_max c2 A_0 A_1 : R) (tau : nat) (d : nat -> R)
    (T : nat) : Prop :=
  diffuse c2 alpha T /\ bounded_gains gamma_max gamma T /\ (tau < T)%nat /\ 0 <= A_1
  /\ (forall t, (t < T)%nat -> 0 <= d t) /\ (forall t, (t < tau)%nat -> d t = 0) /\ d tau <= A_0
  /\ forall t, (tau < t < T)%nat -> d t <= A_1 / (INR t + 1) + Rabs (gamma t) * sum (fun j => Rabs (alpha t j) * d j) t.

(** Theorem 23 from its recursion on: the tail with the printed constant C(R) = max(1, eta e^eta) (A_0 + (1 + C_beta) A_1),
    C_beta = 2^beta + 2^beta/(1 - beta) of Lemma B.6.

    Row: thm:23
    Left: that the norms of the derivatives satisfy the recursion, by (38) and Assumptions 15 to 22. *)
Definition thm_23_recursion_hypotheses (gamma : nat -> R) (alpha : nat -> nat -> R) (gamma_max c2 A_0 A_1 : R) (tau : nat)
    (d : nat -> R) (T : nat) : Prop :=
  jacobian_recursion gamma alpha gamma_max c2 A_0 A_1 tau d T /\ 0 < gamma_max * c2 < 1.

Definition thm_23_recursion : Prop :=
  forall gamma alpha gamma_max c2 A_0 A_1 tau d T, thm_23_recursion_hypotheses gamma alpha gamma_max c2 A_0 A_1 tau d T ->
  let eta := gamma_max * c2 in
  let beta := 1 - eta in
  let C_beta := Rpower 2 beta + Rpower 2 beta / (1 - beta) in
  forall l, (1 <= l)%nat -> (tau + l < T)%nat ->
  d (tau + l)%nat <= Rmax 1 (eta * exp eta) * (A_0 + (1 + C_beta) * A_1) * Rpower (INR l) (- beta) * (1 + ln (1 + INR l)).

(** Sharper: no logarithm.  a_tau b_t is [growth] over t, for any eta; both coefficients are the smallest that serve.

    Left: that the norms of the derivatives satisfy the recursion, as for Theorem 23. *)
Definition ours_jacobian_tail_hypotheses (gamma : nat -> R) (alpha : nat -> nat -> R) (gamma_max c2 A_0 A_1 : R) (tau : nat)
    (d : nat -> R) (T : nat) : Prop :=
  jacobian_recursion gamma alpha gamma_max c2 A_0 A_1 tau d T.

Definition ours_jacobian_tail : Prop :=
  (forall gamma alpha gamma_max c2 A_0 A_1 tau d T, ours_jacobian_tail_hypotheses gamma alpha gamma_max c2 A_0 A_1 tau d T ->
   let eta := gamma_max * c2 in
   (forall t, (tau < t < T)%nat -> d t <= (eta * A_0 + A_1) * (growth eta tau t / INR t))
   /\ (0 < eta < 1 -> forall l, (1 <= l)%nat -> (tau + l < T)%nat ->
       d (tau + l)%nat <= (eta * A_0 + A_1) / Gamma (1 + eta) * Rpower (INR l) (- (1 - eta))))
  /\ forall eta p q, 0 < eta ->
     (forall gamma alpha A_0 A_1 tau d T, ours_jacobian_tail_hypotheses gamma alpha eta 1 A_0 A_1 tau d T ->
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

(** * State-space models: 3, 4, 4.4, 5, 4.6, 33 *)

(** * Convolutions and depth: B.6, G.1, 30, H.1, 31 to 35 *)

(** * Jacobian tails: B.3, 23, B.7, 9, 10 *)

(** * Positions: I.7, I.8, 4.10 to 4.13 *)

(** * Selective retrieval: Appendix K *)

(** * GELU and LayerNorm: K.3, K.6, J.1 *)

(** * Rounding: forward substitution in floating-point arithmetic *)
