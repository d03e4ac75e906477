(** The solve over any commutative ring: nilpotency, the finite Neumann series, sums over paths. *)

From mathcomp Require Import all_ssreflect all_algebra.
From Sessa Require Import Statements.
Import OverAnyRing.
Import GRing.Theory.
Local Open Scope ring_scope.
Set Implicit Arguments.
Unset Strict Implicit.

Section Solve.

Variables (R : comRingType) (T : nat).
Implicit Types (B N : 'M[R]_T) (t j : 'I_T).

(** k hops move by k tokens at least. *)
Lemma power_below B k t j : strictly_lower B -> (t < j + k)%N -> power B k t j = 0.
Proof.
move=> low; elim: k t j => [|k IH] t j reach.
  by rewrite mxE -val_eqE /= ltn_eqF // -[X in (_ < X)%N]addn0.
rewrite mxE big1 // => i _; case: (leqP i j) => ij; first by rewrite low // mulr0.
by rewrite IH ?mul0r //; apply: leq_trans reach _; rewrite addnS -addSn leq_add2r.
Qed.

Lemma nilpotent B : strictly_lower B -> power B T = 0.
Proof.
move=> low; apply/matrixP=> t j; rewrite [RHS]mxE power_below //.
by apply: leq_trans (ltn_ord t) (leq_addl _ _).
Qed.

Lemma power_commutes B k : B *m power B k = power B k.+1.
Proof. by elim: k => [|k IH] /=; rewrite ?mulmx1 ?mul1mx // mulmxA IH. Qed.

(** (I - B)(1 + ... + B^(T-1)) telescopes to I - B^T. *)
Lemma neumann_right B : strictly_lower B -> (1%:M - B) *m (\sum_(k < T) power B k) = 1%:M.
Proof.
move=> low; rewrite mulmx_sumr -(big_mkord xpredT (fun k => (1%:M - B) *m power B k)).
under eq_bigr do rewrite mulmxBl mul1mx power_commutes -opprB.
by rewrite sumrN telescope_sumr // nilpotent // sub0r opprK.
Qed.

Lemma neumann_left B : strictly_lower B -> (\sum_(k < T) power B k) *m (1%:M - B) = 1%:M.
Proof.
move=> low; rewrite mulmx_suml -(big_mkord xpredT (fun k => power B k *m (1%:M - B))).
under eq_bigr do rewrite mulmxBr mulmx1 -opprB.
by rewrite sumrN telescope_sumr // nilpotent // sub0r opprK.
Qed.

(** A list of k + 1 tokens is a token and a list of k. *)
Lemma sum_cons k (F : k.+1.-tuple 'I_T -> R) :
  \sum_h F h = \sum_i \sum_(p : k.-tuple 'I_T) F [tuple of i :: p].
Proof.
rewrite pair_big /= (reindex (fun x : 'I_T * k.-tuple 'I_T => [tuple of x.1 :: x.2])) //=.
exists (fun h : k.+1.-tuple 'I_T => (thead h, [tuple of behead h])) => [[i p] _ | h _] /=.
  by congr (_, _); apply: val_inj.
by rewrite [RHS]tuple_eta.
Qed.

Lemma paths B k t j : strictly_lower B ->
  power B k t j = \sum_(hops : k.-tuple 'I_T | path earlier j hops && (last j hops == t)) weight B j hops.
Proof.
move=> low; elim: k t j => [|k IH] t j.
  rewrite mxE big_mkcond (big_pred1 [tuple]) /= => [|h]; last by apply/esym/eqP; exact: tuple0.
  by rewrite eq_sym; case: eqP.
rewrite mxE [RHS]big_mkcond sum_cons /=; apply: eq_bigr => i _.
(* the first hop goes from j to i; there is none unless j < i *)
rewrite -big_mkcond /=; case: (leqP i j) => ij.
  rewrite low // mulr0 big1 // => p /andP[/andP[]].
  by rewrite /earlier ltnNge ij.
rewrite IH mulr_suml; apply: eq_big => [p | p _]; last by rewrite mulrC.
by rewrite /earlier ij.
Qed.

(** The inverse S is I + B S, so that S - I is strictly lower triangular. *)
Lemma inverse_unit_lower B : strictly_lower B -> unit_lower (\sum_(k < T) power B k).
Proof.
move=> low t j tj; have := neumann_right low; set S := \sum_(k < T) power B k => inverse.
have -> : S = 1%:M + B *m S by rewrite -{1}inverse mulmxBl mul1mx subrK.
rewrite mxE [X in X + _]mxE [X in _ + X]mxE big1 ?addr0 // => i _.
case: (leqP t i) => ti; first by rewrite low // mul0r.
rewrite summxE big1 ?mulr0 // => k _; apply: power_below => //.
by apply: leq_trans (leq_trans ti tj) (leq_addr _ _).
Qed.

(** A lower triangular matrix with ones on the diagonal has the inverse of a solve, that of I - (I - K). *)
Lemma unit_lower_is_solve K : unit_lower K ->
  exists B : 'M[R]_T, strictly_lower B /\ K *m (1%:M - B) = 1%:M /\ (1%:M - B) *m K = 1%:M.
Proof.
move=> unit; pose N := 1%:M - K.
have low : strictly_lower N by move=> t j tj; rewrite mxE mxE [X in _ + X]mxE unit // subrr.
have KN : K = 1%:M - N by rewrite opprB addrC subrK.
exists (1%:M - \sum_(k < T) power N k); rewrite opprB addrCA subrr addr0 KN; split; last first.
  by rewrite neumann_left ?neumann_right.
by move=> t j tj; rewrite mxE [X in _ + X]mxE inverse_unit_lower // mxE subrr.
Qed.

(** The solution is the finite series, and there is no other. *)
Lemma solution r B (f s : 'M[R]_(T, r)) : strictly_lower B ->
  s = f + B *m s <-> s = (\sum_(k < T) power B k) *m f.
Proof.
move=> low; split=> [solves | ->].
  by rewrite -[LHS]mul1mx -(neumann_left low) -mulmxA mulmxBl mul1mx {1}solves addrK.
set S := \sum_(k < T) power B k; apply/eqP; rewrite -subr_eq mulmxA -mulmxBl -{1}[S]mul1mx -mulmxBl.
by rewrite neumann_right // mul1mx.
Qed.

End Solve.

Theorem rem_2_2_holds : rem_2_2.
Proof.
move=> R T B low; split; first exact: nilpotent.
split; first exact: neumann_right.
by split; [exact: neumann_left | move=> k t j; exact: paths].
Qed.

(** Three tokens, integers: the chain 0 -> 1 -> 2 with gains 2 and 3, and a shortcut with gain 5. *)
Definition chain : 'M[int]_3 :=
  \matrix_(t, j) nth 0 (nth [::] [:: [::]; [:: 2]; [:: 5; 3]] t) j.

Theorem rem_2_2_instance : exists B : 'M[int]_3, rem_2_2_hypotheses B /\ power B 2 != 0.
Proof.
exists chain; split.
  by move=> [[|[|[|//]]] ?] [[|[|[|//]]] ?] //= _; rewrite mxE.
apply/eqP=> /matrixP /(_ (@Ordinal 3 2 isT) (@Ordinal 3 0 isT)).
by rewrite /= mul1mx !mxE !big_ord_recl big_ord0 !mxE.
Qed.

Theorem rem_3_1_holds : rem_3_1.
Proof.
move=> R T r gamma alpha f s.
have low : strictly_lower (feedback gamma alpha) by move=> t j tj; rewrite mxE ltnNge tj.
rewrite -(solution f s low); split=> [solves | solves t c].
  apply/matrixP=> t c; rewrite solves mxE; congr (_ + _).
  rewrite mulr_sumr mxE big_mkcond; apply: eq_bigr => j _.
  by rewrite mxE; case: ifP => _; rewrite ?mulrA ?mul0r.
rewrite {1}solves mxE; congr (_ + _); rewrite mulr_sumr mxE [RHS]big_mkcond; apply: eq_bigr => j _.
by rewrite mxE; case: ifP => _; rewrite ?mulrA ?mul0r.
Qed.

Theorem rem_2_1_holds : rem_2_1.
Proof.
move=> R T K; split; first exact: unit_lower_is_solve.
case=> B [low [KB _]].
by rewrite -[K]mulmx1 -(neumann_right low) mulmxA KB mul1mx; exact: inverse_unit_lower.
Qed.
