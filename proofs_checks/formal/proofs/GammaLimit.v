(** Gauss's sequence rises and is bounded, so that its limit exists, and the limit has the recurrence of Gamma. *)

From Coq Require Import Reals Lra Lia Factorial.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Powers.
Open Scope R_scope.

Lemma rising_pos x n : 0 < x -> 0 < prod (fun i => x + INR i) n.
Proof. intros H. apply prod_pos. intros i _. pose proof (pos_INR i); lra. Qed.

(** ** Gauss's sequence rises and is bounded *)

Lemma gauss_pos x n : 0 < x -> 0 < gauss x n.
Proof.
  intros H. unfold gauss. apply Rdiv_lt_0_compat; [|now apply rising_pos].
  apply Rmult_lt_0_compat; [apply INR_fact_lt_0 | apply Rpower_pos].
Qed.

Lemma gauss_step x n : 0 < x -> (1 <= n)%nat ->
  gauss x (S n) * (1 + x / INR (S n)) = gauss x n * Rpower (1 + / INR n) x.
Proof.
  intros Hx Hn. apply INR_ge_1 in Hn. pose proof (rising_pos x (S n) Hx) as Hr.
  unfold gauss. change (prod (fun i => x + INR i) (S (S n))) with (prod (fun i => x + INR i) (S n) * (x + INR (S n))).
  change (fact (S n)) with (S n * fact n)%nat. rewrite mult_INR.
  replace (Rpower (INR (S n)) x) with (Rpower (1 + / INR n) x * Rpower (INR n) x).
  - assert (INR (S n) = INR n + 1) by apply S_INR. field. lra.
  - rewrite S_INR, Rpower_mult_distr; [|assert (0 < / INR n) by (apply Rinv_0_lt_compat; lra); lra | lra].
    f_equal. field. lra.
Qed.

Lemma gauss_rises x n : 0 < x -> (1 <= n)%nat -> gauss x n <= gauss x (S n).
Proof.
  intros Hx Hn. pose proof (gauss_step x n Hx Hn) as E. apply INR_ge_1 in Hn. pose proof (gauss_pos x n Hx).
  assert (Hp : 0 < x / INR (S n)) by (apply Rdiv_lt_0_compat; [easy | rewrite S_INR; lra]).
  assert (L : 1 + x / INR (S n) <= Rpower (1 + / INR n) x).
  { (* (1 + 1/n)^x >= 1 + x log(1 + 1/n), and log(1 + 1/n) = - log(1 - 1/(n+1)) >= 1/(n+1) *)
    assert (Hi : 0 < / INR n) by (apply Rinv_0_lt_compat; lra).
    assert (Hl : / INR (S n) <= ln (1 + / INR n)).
    { replace (1 + / INR n) with (/ (1 - / INR (S n))) by (rewrite S_INR; field; lra).
      assert (0 < 1 - / INR (S n)).
      { rewrite S_INR. replace (1 - / (INR n + 1)) with (INR n / (INR n + 1)) by (field; lra). apply Rdiv_lt_0_compat; lra. }
      rewrite ln_Rinv by easy. pose proof (ln_le_minus_1 (1 - / INR (S n))). lra. }
    unfold Rpower. apply Rle_trans with (1 + x * ln (1 + / INR n)).
    - unfold Rdiv. nra.
    - assert (0 < ln (1 + / INR n)) by (rewrite <- ln_1; apply ln_increasing; lra).
      left. apply exp_ineq1. assert (0 < x * ln (1 + / INR n)) by nra. lra. }
  apply Rmult_le_reg_r with (1 + x / INR (S n)); [lra|]. rewrite E.
  apply Rmult_le_compat_l; lra.
Qed.

Lemma gauss_plus_1 x n : 0 < x -> (1 <= n)%nat -> gauss (x + 1) n = gauss x n * (x * (INR n / (x + 1 + INR n))).
Proof.
  intros Hx Hn. apply INR_ge_1 in Hn. unfold gauss.
  rewrite (prod_first (fun i => x + INR i)).
  change (prod (fun i => x + 1 + INR i) (S n)) with (prod (fun i => x + 1 + INR i) n * (x + 1 + INR n)).
  rewrite (prod_ext (fun i => x + INR (S i)) (fun i => x + 1 + INR i)) by (intros; rewrite S_INR; ring).
  pose proof (rising_pos (x + 1) n ltac:(lra)). rewrite Rpower_plus, Rpower_1 by lra. simpl (INR 0). field. lra.
Qed.

Lemma gauss_bounded_to_1 x : 0 < x <= 1 -> forall n, gauss x (S n) <= gauss x 1 * (1 + x / INR 1).
Proof.
  intros Hx n. apply Rle_trans with (gauss x (S n) * (1 + x / INR (S n))).
  - pose proof (gauss_pos x (S n) ltac:(lra)).
    assert (0 < x / INR (S n)) by (apply Rdiv_lt_0_compat; [lra | apply lt_0_INR; lia]). nra.
  - induction n as [|n IH]; [lra|]. eapply Rle_trans; [|apply IH].
    rewrite gauss_step by (lra || lia). apply Rmult_le_compat_l; [left; apply gauss_pos; lra|].
    assert (0 < / INR (S n)) by (apply Rinv_0_lt_compat, lt_0_INR; lia). unfold Rdiv.
    apply bernoulli; lra.
Qed.

Lemma gauss_bounded m : forall x, 0 < x <= INR m + 1 -> exists M, forall n, gauss x (S n) <= M.
Proof.
  induction m as [|m IH]; intros x Hx.
  - exists (gauss x 1 * (1 + x / INR 1)). apply gauss_bounded_to_1. simpl in Hx; lra.
  - destruct (Rle_dec x 1) as [H1|H1]; [exists (gauss x 1 * (1 + x / INR 1)); apply gauss_bounded_to_1; lra|].
    rewrite S_INR in Hx. destruct (IH (x - 1)) as [M HM]; [lra|]. exists (M * (x - 1)). intros n.
    replace (gauss x (S n)) with (gauss (x - 1 + 1) (S n)) by (f_equal; ring).
    rewrite gauss_plus_1 by (lra || lia). pose proof (HM n). pose proof (gauss_pos (x - 1) (S n) ltac:(lra)).
    assert (0 < INR (S n)) by (apply lt_0_INR; lia).
    assert (INR (S n) / (x - 1 + 1 + INR (S n)) <= 1) by (apply Rle_div_l; lra).
    assert (0 < INR (S n) / (x - 1 + 1 + INR (S n))) by (apply Rdiv_lt_0_compat; lra).
    apply Rmult_le_compat; [lra | nra | easy | nra].
Qed.

Lemma Gamma_lim x : 0 < x -> is_lim_seq (gauss x) (Gamma x).
Proof.
  intros Hx. apply (Lim_seq_correct' (gauss x)).
  destruct (gauss_bounded (Z.to_nat (up x)) x) as [M HM].
  { split; [easy|]. pose proof (archimed x). rewrite INR_IZR_INZ, Z2Nat.id; [lra|].
    apply le_IZR. simpl. lra. }
  destruct (ex_finite_lim_seq_incr (fun n => gauss x (S n)) M) as [l Hl].
  - intros n. apply gauss_rises; (easy || lia).
  - easy.
  - exists l. now apply is_lim_seq_incr_1.
Qed.

Lemma Gamma_ge x : 0 < x -> gauss x 1 <= Gamma x.
Proof.
  intros Hx. apply (is_lim_seq_le (fun _ => gauss x 1) (fun n => gauss x (S n)) (gauss x 1) (Gamma x)).
  - intros n. induction n as [|n IH]; [lra|]. eapply Rle_trans; [apply IH|]. apply gauss_rises; (easy || lia).
  - apply is_lim_seq_const.
  - apply (is_lim_seq_incr_1 (gauss x)). now apply Gamma_lim.
Qed.

Lemma Gamma_pos x : 0 < x -> 0 < Gamma x.
Proof. intros Hx. pose proof (gauss_pos x 1 Hx). pose proof (Gamma_ge x Hx). lra. Qed.

Lemma quotient_to_1 c : is_lim_seq (fun n => INR n / (c + INR n)) 1.
Proof.
  apply is_lim_seq_ext_loc with (fun n => 1 - c * / (c + INR n)).
  - destruct (nfloor_ex (Rabs c + 1)) as [N HN]; [pose proof (Rabs_pos c); lra|].
    exists (S N). intros n Hn. assert (INR (S N) <= INR n) by now apply le_INR. rewrite S_INR in H.
    pose proof (Rle_abs c). pose proof (Rle_abs (- c)). rewrite Rabs_Ropp in H1. field. lra.
  - replace (Finite 1) with (Rbar_minus 1 (c * 0)) by (simpl; f_equal; ring).
    apply is_lim_seq_minus'; [apply is_lim_seq_const|].
    apply (is_lim_seq_scal_l (fun n => / (c + INR n)) c 0).
    replace (Finite 0) with (Rbar_inv p_infty) by easy. apply is_lim_seq_inv; [|easy].
    eapply is_lim_seq_plus; [apply is_lim_seq_const | apply is_lim_seq_INR | easy].
Qed.

Lemma Gamma_plus_1 x : 0 < x -> Gamma (x + 1) = x * Gamma x.
Proof.
  intros Hx. assert (L : is_lim_seq (gauss (x + 1)) (Gamma x * (x * 1))).
  { apply is_lim_seq_ext_loc with (fun n => gauss x n * (x * (INR n / (x + 1 + INR n)))).
    - exists 1%nat. intros n Hn. symmetry. now apply gauss_plus_1.
    - apply is_lim_seq_mult'; [now apply Gamma_lim|].
      apply (is_lim_seq_scal_l _ x 1), quotient_to_1. }
  pose proof (Gamma_lim (x + 1) ltac:(lra)) as L'.
  apply is_lim_seq_unique in L. apply is_lim_seq_unique in L'. rewrite L in L'. injection L'. lra.
Qed.

Lemma rising_1 n : prod (fun i => 1 + INR i) n = INR (fact n).
Proof.
  induction n as [|n IH]; [simpl; lra|]. simpl prod. rewrite IH.
  change (fact (S n)) with (S n * fact n)%nat. rewrite mult_INR, S_INR. ring.
Qed.

Lemma Gamma_1 : Gamma 1 = 1.
Proof.
  assert (L : is_lim_seq (gauss 1) 1).
  { apply is_lim_seq_ext_loc with (fun n => INR n / (1 + INR n)); [|apply quotient_to_1].
    exists 1%nat. intros n Hn. apply INR_ge_1 in Hn. unfold gauss. rewrite rising_1, Rpower_1 by lra.
    change (fact (S n)) with (S n * fact n)%nat. rewrite mult_INR, S_INR. pose proof (INR_fact_lt_0 n). field. lra. }
  apply is_lim_seq_unique in L. unfold Gamma. now rewrite L.
Qed.
