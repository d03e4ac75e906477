(** Bent statements on the solve are false. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Sessa Require Import Statements.
Import OverAnyRing.
Import GRing.Theory.
Local Open Scope ring_scope.

(** With an entry on the diagonal: one token that reads itself. *)
Theorem rem_2_2_diagonal_false :
  ~ (forall (R : comRingType) (T : nat) (B : 'M[R]_T),
       (forall t j : 'I_T, (t < j)%N -> B t j = 0) ->
       power B T = 0 /\
       (1%:M - B) *m (\sum_(k < T) power B k) = 1%:M /\
       (\sum_(k < T) power B k) *m (1%:M - B) = 1%:M /\
       forall (k : nat) (t j : 'I_T),
         power B k t j = \sum_(hops : k.-tuple 'I_T | path earlier j hops && (last j hops == t)) weight B j hops).
Proof.
move=> bent; have [|zero _] := bent [comRingType of int] 1%N 1%:M.
  by move=> t j; rewrite !ord1.
by move/matrixP: zero => /(_ ord0 ord0); rewrite /= mul1mx !mxE.
Qed.

(** The power T - 1: two tokens, the second reads the first. *)
Theorem rem_2_2_power_false :
  ~ (forall (R : comRingType) (T : nat) (B : 'M[R]_T), strictly_lower B ->
       power B T.-1 = 0 /\
       (1%:M - B) *m (\sum_(k < T) power B k) = 1%:M /\
       (\sum_(k < T) power B k) *m (1%:M - B) = 1%:M /\
       forall (k : nat) (t j : 'I_T),
         power B k t j = \sum_(hops : k.-tuple 'I_T | path earlier j hops && (last j hops == t)) weight B j hops).
Proof.
move=> bent.
have [|zero _] := bent [comRingType of int] 2%N (\matrix_(t, j) (j < t)%N%:R).
  by move=> t j tj; rewrite mxE ltnNge tj.
by move/matrixP: zero => /(_ (@Ordinal 2 1 isT) (@Ordinal 2 0 isT)); rewrite /= mul1mx !mxE.
Qed.

(** A token that reads itself, with gain 1: s = 1 + s. *)
Theorem rem_3_1_itself_false :
  ~ (forall (R : comRingType) (T r : nat) (gamma : 'I_T -> R) (alpha : 'M[R]_T) (f s : 'M[R]_(T, r)),
       (forall t c, s t c = f t c + gamma t * \sum_(j < T | (j <= t)%N) alpha t j * s j c) <->
       s = (\sum_(k < T) power (feedback gamma alpha) k) *m f).
Proof.
move=> bent; have [_ solved] := bent [comRingType of int] 1%N 1%N (fun=> 1) 1%:M 1%:M 1%:M.
have : (1%:M : 'M[int]_1) = (\sum_(k < 1) power (feedback (fun=> 1) 1%:M) k) *m 1%:M by rewrite big_ord1 mulmx1.
by move/solved => /(_ ord0 ord0); rewrite big_mkcond big_ord1 !mxE.
Qed.
