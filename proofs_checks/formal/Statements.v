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

(** Lemma 4.3: attention row t with the logits <q(x_t), k(x_j)>, j <= t, of token-wise queries and keys with d coordinates.
    For tau < t the derivatives of the weights by token tau have norms that add up to at most 2 alpha_(t,tau) size, where size
    bounds the derivative of the logit at tau.  Here sharper: 2 alpha (1 - alpha) size, which is an equality.  In the diffuse
    regime, logits of spread at most D, they add up to at most 2 size e^D / (t + 1). *)
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
    /\ sum dsize (S t) <= 2 * alpha * size
    /\ forall D, lem_C_1_hypotheses (attention_logit q k d x t) (S t) D -> sum dsize (S t) <= 2 * size * (exp D / INR (S t)).

(** The total variation of a row alpha, positive with sum 1, whose logits move by h: alpha(j) moves by alpha(j) (h(j) - mean).
    It is at most 2 (1 - m) sum_i alpha(i) |h(i)| if every weight is at least m; where one logit moves, it is
    2 alpha (1 - alpha) |h|, so this constant is attained by the lightest token, and no constant below 2 serves all rows.
    Left: the constant in the diffuse regime, and derivatives that are vectors (Lemma B.4 has them, with the constant 2). *)
Definition row_variation (n : nat) (alpha h : nat -> R) : R :=
  sum (fun j => Rabs (alpha j * (h j - sum (fun i => alpha i * h i) n))) n.

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

(** The Euclidean norm of the vector v(0), ..., v(n-1). *)
Definition norm2 (n : nat) (v : nat -> R) : R := sqrt (sum (fun i => v i ^ 2) n).

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

(** Proposition 5: if the steps after tau add up to at least c times the lag, the memory factor is at most e^(-lambda c lag). *)
Definition memory_factor (lambda : R) (step : nat -> R) (tau lag : nat) : R :=
  exp (- (lambda * sum (fun r => step (tau + 1 + r)%nat) lag)).

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

(** Lemma H.1, (77): powers of the harmonic kernel, and the consequence with a logarithm. *)
Definition kernel_product (A B : nat -> nat -> R) (t tau : nat) : R :=
  sum (fun i => A t (tau + i)%nat * B (tau + i)%nat tau) (S t - tau).

Fixpoint kernel_power (A : nat -> nat -> R) (k : nat) (t tau : nat) : R :=
  match k with
  | O => if Nat.eqb t tau then 1 else 0
  | S j => kernel_product A (kernel_power A j) t tau
  end.

Definition harmonic_kernel (t tau : nat) : R := if Nat.ltb tau t then / (INR t + 1) else 0.

Definition harmonic (t : nat) : R := sum (fun m => / INR (S m)) t.

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

Definition cor_H_2 : Prop := cor_4_7.

(** Proposition 13: a family of stacks over H and the source tau_star <= tau_max, on horizons tau_max + H + 1, realises the profile nu
    if with probes of norm at most 1 the score of the source exceeds all others together by c (1 + lag)^nu, c > 0 the same
    for all (Definition 5, whose bounds at lag 1 are not needed).  A depth-N family with constants that do not depend on H and
    tau_star, of (i) diffuse attention or (ii) state-space models under failed freeze time, realises no nu >= 0. *)
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

(** Theorem 23: the Jacobian of the mixer state by token tau, which is the vector u, here near z; all other tokens are held
    fixed.  f(t), logit(t, i), gamma(t) and the state s(t) are functions of u; the weights alpha are the softmax of the logits
    over i < t.  The constants are the paper's, and all hypotheses are those of Appendix B at this one sequence. *)
Definition feedback_weight {U : Type} (logit : nat -> nat -> U -> R) (t j : nat) (u : U) : R :=
  softmax (fun i => logit t i u) t j.

Definition thm_23_hypotheses (U V : NormedModule R_AbsRing) (f : nat -> U -> V) (logit : nat -> nat -> U -> R)
    (gamma : nat -> U -> R) (s : nat -> U -> V) (z : U) (tau T : nat) (c2 gmax FR Lf0 Lf La0 Lroute Lgamma : R) : Prop :=
  let alpha := feedback_weight logit in
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

(** Corollary B.7, and Proposition 10 (iii): the block's output x_t + W (g_t * s_t) + b.  The gate is the linear map Diag(g_t),
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

(** * Positions: I.7, I.8, 4.10 to 4.13 *)

(** * Selective retrieval: Appendix K *)

(** * GELU and LayerNorm: K.3, K.6, J.1 *)

(** * Rounding: forward substitution in floating-point arithmetic *)
