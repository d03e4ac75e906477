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

(** * State-space models: 3, 4, 4.4, 5, 4.6, 33 *)

(** * Convolutions and depth: B.6, G.1, 30, H.1, 31 to 35 *)

(** * Jacobian tails: B.3, 23, B.7, 9, 10 *)

(** * Positions: I.7, I.8, 4.10 to 4.13 *)

(** * Selective retrieval: Appendix K *)

(** * GELU and LayerNorm: K.3, K.6, J.1 *)

(** * Rounding: forward substitution in floating-point arithmetic *)
