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

(** * State-space models: 3, 4, 4.4, 5, 4.6, 33 *)

(** * Convolutions and depth: B.6, G.1, 30, H.1, 31 to 35 *)

(** * Jacobian tails: B.3, 23, B.7, 9, 10 *)

(** * Positions: I.7, I.8, 4.10 to 4.13 *)

(** * Selective retrieval: Appendix K *)

(** * GELU and LayerNorm: K.3, K.6, J.1 *)

(** * Rounding: forward substitution in floating-point arithmetic *)
