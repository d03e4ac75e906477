(** Logarithms, powers with real exponents, finite products, limits of sequences. *)

From Coq Require Import Reals Lra Lia Factorial.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums.
Open Scope R_scope.

Lemma ln_le_minus_1 u : 0 < u -> ln u <= u - 1.
Proof.
  intros H. destruct (Req_dec u 1) as [->|Hu]; [rewrite ln_1; lra|].
  assert (Hl : ln u <> 0) by (intros E; apply Hu; rewrite <- (exp_ln u H), E; apply exp_0).
  pose proof (exp_ineq1 (ln u) Hl) as He. rewrite exp_ln in He; lra.
Qed.

(** The logarithm is concave. *)
Lemma ln_concave p a b : 0 <= p <= 1 -> 0 < a -> 0 < b -> p * ln a + (1 - p) * ln b <= ln (p * a + (1 - p) * b).
Proof.
  intros Hp Ha Hb. set (m := p * a + (1 - p) * b).
  assert (Hm : 0 < m) by (unfold m; destruct (Rle_dec p (1/2)); nra).
  assert (La : ln a = ln (a / m) + ln m) by (rewrite <- ln_mult; [f_equal; field; lra | now apply Rdiv_lt_0_compat | easy]).
  assert (Lb : ln b = ln (b / m) + ln m) by (rewrite <- ln_mult; [f_equal; field; lra | now apply Rdiv_lt_0_compat | easy]).
  pose proof (ln_le_minus_1 (a / m) (Rdiv_lt_0_compat _ _ Ha Hm)).
  pose proof (ln_le_minus_1 (b / m) (Rdiv_lt_0_compat _ _ Hb Hm)).
  assert (E : p * (a / m - 1) + (1 - p) * (b / m - 1) = 0) by (unfold m; field; unfold m in Hm; lra).
  rewrite La, Lb. nra.
Qed.

(** Bernoulli's inequality for exponents between 0 and 1. *)
Lemma bernoulli p u : 0 <= p <= 1 -> -1 < u -> Rpower (1 + u) p <= 1 + p * u.
Proof.
  intros Hp Hu. assert (H1 : 0 < 1 + p * u) by (destruct (Rle_dec 0 u); nra).
  unfold Rpower. rewrite <- (exp_ln (1 + p * u)) by easy.
  assert (L : p * ln (1 + u) <= ln (1 + p * u)).
  { pose proof (ln_concave p (1 + u) 1 Hp) as C. rewrite ln_1 in C.
    replace (p * (1 + u) + (1 - p) * 1) with (1 + p * u) in C by ring. lra. }
  destruct L as [L|L]; [left; now apply exp_increasing | right; now rewrite L].
Qed.

Lemma Rpower_pos x y : 0 < Rpower x y.
Proof. apply exp_pos. Qed.

Lemma ln_le_incr x y : 0 < x -> x <= y -> ln x <= ln y.
Proof. intros Hx [H| ->]; [left; now apply ln_increasing | lra]. Qed.

Lemma exp_le_incr x y : x <= y -> exp x <= exp y.
Proof. intros [H| ->]; [left; now apply exp_increasing | lra]. Qed.

Lemma Rpower_le_exponent x p q : 1 <= x -> p <= q -> Rpower x p <= Rpower x q.
Proof.
  intros Hx H. apply exp_le_incr. apply Rmult_le_compat_r; [|easy].
  rewrite <- ln_1. apply ln_le_incr; lra.
Qed.

Lemma INR_ge_1 n : (1 <= n)%nat -> 1 <= INR n.
Proof. intros H. apply (le_INR 1 n) in H. simpl in H. lra. Qed.

Lemma ln_prod f n : (forall i, (i < n)%nat -> 0 < f i) -> ln (prod f n) = sum (fun i => ln (f i)) n.
Proof.
  induction n as [|n IH]; intros H; simpl; [apply ln_1|].
  rewrite ln_mult by (auto with arith; apply prod_pos; auto with arith). rewrite IH; auto with arith.
Qed.

Lemma lim_le u v (a b : R) : (forall n, u n <= v n) -> is_lim_seq u a -> is_lim_seq v b -> a <= b.
Proof. apply (is_lim_seq_le u v a b). Qed.

Lemma is_lim_seq_ln u l : 0 < l -> is_lim_seq u l -> is_lim_seq (fun n => ln (u n)) (ln l).
Proof. intros Hl. apply is_lim_seq_continuous, derivable_continuous_pt. exists (/ l). now apply derivable_pt_lim_ln. Qed.
