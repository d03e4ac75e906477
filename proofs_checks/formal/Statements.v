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

(** The Euclidean norm of the vector v(0), ..., v(n-1). *)
Definition norm2 (n : nat) (v : nat -> R) : R := sqrt (sum (fun i => v i ^ 2) n).

(** The matrix M with n columns, times the vector v. *)
Definition mat_vec (n : nat) (M : nat -> nat -> R) (v : nat -> R) : nat -> R := fun i => sum (fun j => M i j * v j) n.

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
    C_t A_t ... A_(tau+1) B_tau has norm at most Cmax Bmax e^(-lambda c lag) under failed freeze time. *)
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
Definition cor_4_6 : Prop :=
  forall U a step u B C p d q x t tau dA dB du lambda UR Gmax CR LA LB Lu c,
  prop_4_hypotheses U a step u B C p d q x t tau dA dB du lambda UR Gmax CR LA LB Lu ->
  c * INR (t - tau) <= sum (fun r => step (tau + 1 + r)%nat (x (tau + 1 + r)%nat)) (t - tau) ->
  exists dy,
    (forall o, (o < q)%nat ->
       filterdiff (fun v => ssm_output a step u B C p d (with_token x tau v) t o) (locally (x tau)) (dy o))
    /\ forall v, norm2 q (fun o => dy o v)
       <= prop_4_constant d lambda UR Gmax CR LA LB Lu * exp (- (lambda * c * INR (t - tau))) * norm v.

(** * Convolutions and depth: B.6, G.1, 30, H.1, 31 to 35 *)

(** * Jacobian tails: B.3, 23, B.7, 9, 10 *)

(** * Positions: I.7, I.8, 4.10 to 4.13 *)

(** * Selective retrieval: Appendix K *)

(** * GELU and LayerNorm: K.3, K.6, J.1 *)

(** * Rounding: forward substitution in floating-point arithmetic *)
