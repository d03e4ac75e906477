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

(** Gamma by Gauss's limit: the limit of n! n^x / (x (x+1) ... (x+n)), for x > 0.  That it is the Gamma function is
    [ours_gamma_function]. *)
Definition gauss (x : R) (n : nat) : R :=
  INR (fact n) * Rpower (INR n) x / prod (fun i => x + INR i) (S n).

Definition Gamma (x : R) : R := real (Lim_seq (gauss x)).

(** Gamma(1) = 1, Gamma(x+1) = x Gamma(x), log Gamma is convex: and no other positive function on x > 0 has all three
    (Bohr and Mollerup), so that this Gamma is Euler's.  At whole numbers it is the factorial. *)
Definition log_convex (f : R -> R) : Prop :=
  forall p x y, 0 <= p <= 1 -> 0 < x -> 0 < y -> ln (f (p * x + (1 - p) * y)) <= p * ln (f x) + (1 - p) * ln (f y).

Definition is_gamma (f : R -> R) : Prop :=
  f 1 = 1 /\ (forall x, 0 < x -> 0 < f x) /\ (forall x, 0 < x -> f (x + 1) = x * f x) /\ log_convex f.

Definition ours_gamma_function : Prop :=
  is_gamma Gamma /\ (forall f, is_gamma f -> forall x, 0 < x -> f x = Gamma x)
  /\ forall n, Gamma (INR n + 1) = INR (fact n).

(** * Closed forms of uniform routing: F.1 to F.3, 29 *)

(** * Softmax: C.1, 4.3, B.4, I.2, I.4 *)

(** * State-space models: 3, 4, 4.4, 5, 4.6, 33 *)

(** * Convolutions and depth: B.6, G.1, 30, H.1, 31 to 35 *)

(** * Jacobian tails: B.3, 23, B.7, 9, 10 *)

(** * Positions: I.7, I.8, 4.10 to 4.13 *)

(** * Selective retrieval: Appendix K *)

(** * GELU and LayerNorm: K.3, K.6, J.1 *)

(** * Rounding: forward substitution in floating-point arithmetic *)
