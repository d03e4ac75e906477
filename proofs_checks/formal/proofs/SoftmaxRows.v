(** Softmax rows: their size (C.1) and their concentration (I.2, I.3, I.4, I.6, I.13). *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Vectors Powers.
Open Scope R_scope.

Lemma exp_sum_pos b n : (0 < n)%nat -> 0 < sum (fun i => exp (b i)) n.
Proof. intros H. apply sum_pos; [easy|]. intros; apply exp_pos. Qed.

Lemma softmax_pos b n j : (j < n)%nat -> 0 < softmax b n j.
Proof. intros H. apply Rdiv_lt_0_compat; [apply exp_pos | apply exp_sum_pos; lia]. Qed.

Lemma softmax_sum b n : (0 < n)%nat -> sum (softmax b n) n = 1.
Proof.
  intros H. unfold softmax, Rdiv. rewrite sum_scal_r.
  apply Rinv_r. pose proof (exp_sum_pos b n H); lra.
Qed.

Lemma softmax_le_1 b n j : (j < n)%nat -> softmax b n j <= 1.
Proof.
  intros H. rewrite <- (softmax_sum b n) by lia.
  apply sum_term_le; [easy|]. intros; left; now apply softmax_pos.
Qed.

(** Every other logit is within D, so the sum of the exponentials lies between e^b + (n-1) e^(b-D) and e^b + (n-1) e^(b+D). *)
Lemma exp_sum_bounds b n D j : lem_C_1_hypotheses b n D -> (j < n)%nat ->
  exp (b j) * (1 + (INR n - 1) * exp (- D)) <= sum (fun i => exp (b i)) n <= exp (b j) * (1 + (INR n - 1) * exp D).
Proof.
  intros H Hj.
  assert (Hother : forall x, exp (b j) * (1 + (INR n - 1) * x)
    = exp (b j) + sum (fun i => if Nat.eqb i j then 0 else exp (b j) * x) n).
  { intros x. pose proof (sum_remove (fun _ => exp (b j) * x) n j Hj) as E.
    rewrite sum_const in E. simpl in E. lra. }
  rewrite !Hother, (sum_remove (fun i => exp (b i)) n j Hj).
  split; apply Rplus_le_compat_l, sum_le; intros i Hi; destruct (Nat.eqb_spec i j); try lra;
    rewrite <- exp_plus; apply exp_le_incr; [specialize (H j i Hj Hi) | specialize (H i j Hi Hj)]; lra.
Qed.

Lemma INR_minus_1_nonneg n j : (j < n)%nat -> 0 <= INR n - 1.
Proof. intros H. assert (1 <= INR n) by (apply (le_INR 1); lia). lra. Qed.

Lemma sharp_bounds b n D j : lem_C_1_hypotheses b n D -> (j < n)%nat ->
  / (1 + (INR n - 1) * exp D) <= softmax b n j <= exp D / (exp D + (INR n - 1)).
Proof.
  intros H Hj. destruct (exp_sum_bounds b n D j H Hj) as [L U].
  pose proof (exp_pos (b j)) as P. pose proof (exp_pos D) as PD. pose proof (INR_minus_1_nonneg n j Hj) as N.
  pose proof (exp_sum_pos b n ltac:(lia)) as PS.
  assert (0 <= (INR n - 1) * exp D) by (apply Rmult_le_pos; lra).
  unfold softmax. split.
  - apply Rmult_le_reg_r with (sum (fun i => exp (b i)) n * (1 + (INR n - 1) * exp D)); [apply Rmult_lt_0_compat; lra|].
    field_simplify; lra.
  - apply Rmult_le_reg_r with (sum (fun i => exp (b i)) n * (exp D + (INR n - 1))); [apply Rmult_lt_0_compat; lra|].
    rewrite exp_Ropp in L. apply (Rmult_le_compat_r (exp D)) in L; [|lra].
    field_simplify in L; [|lra]. field_simplify; lra.
Qed.

Theorem lem_C_1_holds : lem_C_1.
Proof.
  intros b n D H j Hj.
  assert (D0 : 0 <= D) by (specialize (H j j Hj Hj); lra).
  assert (E1 : 1 <= exp D) by (rewrite <- exp_0; now apply exp_le_incr).
  pose proof (INR_minus_1_nonneg n j Hj) as N. destruct (sharp_bounds b n D j H Hj) as [L U].
  assert (0 <= (INR n - 1) * exp D) by (apply Rmult_le_pos; lra).
  split; [split|].
  - (* n e^D is at least 1 + (n - 1) e^D *)
    eapply Rle_trans; [|exact L]. rewrite exp_Ropp. unfold Rdiv. rewrite <- Rinv_mult.
    apply Rinv_le_contravar; nra.
  - eapply Rle_trans; [exact U|]. apply Rmult_le_compat_l; [lra|]. apply Rinv_le_contravar; lra.
  - intros i Hi. unfold softmax. pose proof (exp_sum_pos b n ltac:(lia)).
    replace (exp (b i) / sum (fun k => exp (b k)) n / (exp (b j) / sum (fun k => exp (b k)) n)) with (exp (b i - b j)).
    + pose proof (H i j Hi Hj). pose proof (H j i Hj Hi). split; apply exp_le_incr; lra.
    + unfold Rminus. rewrite exp_plus, exp_Ropp. pose proof (exp_pos (b j)). field; lra.
Qed.

Theorem lem_C_1_instance : exists b n D, lem_C_1_hypotheses b n D.
Proof.
  exists (fun i => INR i / 4), 3%nat, (1 / 2).
  assert (B : forall i, (i < 3)%nat -> 0 <= INR i / 4 <= 1 / 2).
  { intros i Hi. assert (INR i <= 2) by (apply (le_INR i 2); lia). pose proof (pos_INR i). lra. }
  intros i j Hi Hj. pose proof (B i Hi). pose proof (B j Hj). lra.
Qed.

Theorem ours_softmax_weights_holds : ours_softmax_weights.
Proof.
  split; [intros b n D H j Hj; now apply sharp_bounds|].
  intros n D Hn HD.
  assert (S1 : forall a c, sum (fun i => exp (if Nat.eqb i 0 then a else c)) n = exp a + (INR n - 1) * exp c).
  { intros a c. destruct n as [|m]; [lia|]. rewrite sum_first. cbn [Nat.eqb]. rewrite sum_const, S_INR. lra. }
  (* the first logit at the bottom, or at the top, all others at the other end *)
  exists (fun i => if Nat.eqb i 0 then 0 else D), (fun i => if Nat.eqb i 0 then D else 0).
  repeat split.
  - intros i j _ _. destruct (Nat.eqb i 0), (Nat.eqb j 0); lra.
  - intros i j _ _. destruct (Nat.eqb i 0), (Nat.eqb j 0); lra.
  - unfold softmax. rewrite S1. simpl. rewrite exp_0. unfold Rdiv. now rewrite Rmult_1_l.
  - unfold softmax. rewrite S1. simpl. rewrite exp_0. now rewrite Rmult_1_r.
Qed.

(** The other weights together are at most (n - 1) e^(-Delta) times the largest. *)
Theorem lem_I_2_holds : lem_I_2.
Proof.
  intros b n top Delta s delta (Ht & Hs & Hd & Hgap & Hln).
  pose proof (INR_minus_1_nonneg n top Ht) as N. pose proof (exp_pos (s * b top)) as P.
  assert (Rest : (INR n - 1) * exp (- (s * Delta)) <= delta).
  { destruct (Rle_lt_or_eq_dec _ _ N) as [Npos|<-]; [|lra].
    assert (R0 : 0 < (INR n - 1) / delta) by now apply Rdiv_lt_0_compat.
    rewrite exp_Ropp. apply exp_le_incr in Hln. rewrite exp_ln in Hln by easy.
    apply Rmult_le_reg_r with (exp (s * Delta)); [apply exp_pos|].
    rewrite Rmult_assoc, Rinv_l by (pose proof (exp_pos (s * Delta)); lra).
    apply (Rmult_le_compat_r delta) in Hln; [|lra]. unfold Rdiv in Hln. rewrite Rmult_assoc, Rinv_l in Hln; lra. }
  assert (Total : sum (fun i => exp (s * b i)) n <= exp (s * b top) * (1 + (INR n - 1) * exp (- (s * Delta)))).
  { pose proof (sum_remove (fun _ => exp (s * b top) * exp (- (s * Delta))) n top Ht) as E.
    rewrite sum_const in E. simpl in E.
    rewrite (sum_remove (fun i => exp (s * b i)) n top Ht).
    apply Rle_trans with (exp (s * b top)
      + sum (fun i => if Nat.eqb i top then 0 else exp (s * b top) * exp (- (s * Delta))) n); [|lra].
    apply Rplus_le_compat_l, sum_le. intros i Hi. destruct (Nat.eqb_spec i top) as [|Hne]; [lra|].
    rewrite <- exp_plus. apply exp_le_incr. specialize (Hgap i Hi Hne).
    apply (Rmult_le_compat_l s) in Hgap; lra. }
  pose proof (exp_sum_pos (fun i => s * b i) n ltac:(lia)) as PS. unfold softmax.
  apply Rmult_le_reg_r with (sum (fun i => exp (s * b i)) n); [easy|].
  unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
  destruct (Rle_dec delta 1) as [D1|D1].
  - apply Rle_trans with ((1 - delta) * (exp (s * b top) * (1 + delta))); [|nra].
    apply Rmult_le_compat_l; [lra|]. eapply Rle_trans; [exact Total|]. apply Rmult_le_compat_l; lra.
  - nra.
Qed.

Theorem lem_I_2_instance : exists b n top Delta s delta, lem_I_2_hypotheses b n top Delta s delta.
Proof.
  exists (fun i => INR i), 2%nat, 1%nat, 1, 2, 1.
  repeat split; try lia; try lra.
  - intros i Hi Hne. replace i with 0%nat by lia. simpl; lra.
  - replace ((INR 2 - 1) / 1) with 1 by (simpl; lra). rewrite ln_1; lra.
Qed.

Theorem cor_I_3_holds : cor_I_3.
Proof.
  intros b n top Delta s delta c (Ht & Hs & Hd & Hc & Hgap & Hln).
  apply (lem_I_2_holds (fun i => c ^ 2 * b i) n top (c ^ 2 * Delta) s delta).
  repeat split; auto; [|now rewrite <- Rmult_assoc].
  intros i Hi Hne. specialize (Hgap i Hi Hne). pose proof (pow2_ge_0 c). nra.
Qed.

Theorem cor_I_3_instance : exists b n top Delta s delta c, cor_I_3_hypotheses b n top Delta s delta c.
Proof.
  exists (fun i => INR i), 2%nat, 1%nat, 1, (1 / 2), 1, 3.
  repeat split; try lia; try lra.
  - intros i Hi Hne. replace i with 0%nat by lia. simpl; lra.
  - replace ((INR 2 - 1) / 1) with 1 by (simpl; lra). rewrite ln_1; lra.
Qed.

(** ** Mixtures that are nearly one-hot *)

(** The mixture minus w(one) is the sum of p_j (w_j - w_one); the term of [one] vanishes, each other is at most p_j 2 V. *)
Theorem lem_I_4_holds : lem_I_4.
Proof.
  intros V w p n one delta Vmax (Hone & Hp & Hsum & Hmass).
  assert (E : minus (vsum (fun j => scal (p j) (w j)) n) (w one) = vsum (fun j => scal (p j) (minus (w j) (w one))) n).
  { replace (w one) with (scal (sum p n) (w one)) at 1 by (rewrite Hsum; apply (scal_one (V := V))).
    rewrite <- vsum_scal_l. unfold minus. rewrite <- vsum_opp, <- vsum_plus.
    apply vsum_ext; intros j _. rewrite (scal_distr_l (V := V)). f_equal. symmetry. apply (scal_opp_r (V := V)). }
  rewrite E.
  eapply Rle_trans; [apply (norm_vsum_le _ (fun j => (if Nat.eqb j one then 0 else p j) * (2 * Vmax)))|].
  - intros j Hj. destruct (Hp j Hj) as [Pj Nj]. destruct (Hp one Hone) as [_ N1].
    eapply Rle_trans; [apply norm_scal_Rabs|]. rewrite Rabs_pos_eq by easy.
    destruct (Nat.eqb_spec j one) as [->|_].
    + rewrite (minus_eq_zero (G := V)), (norm_zero (V := V)); lra.
    + apply Rmult_le_compat_l; [easy|]. eapply Rle_trans; [apply (norm_triangle (V := V))|].
      rewrite (norm_opp (V := V)). lra.
  - rewrite sum_scal_r. pose proof (sum_remove p n one Hone) as Q. rewrite Hsum in Q.
    destruct (Hp one Hone) as [_ N1]. pose proof (norm_ge_0 (V := V) (w one)). nra.
Qed.

Theorem lem_I_4_instance : exists (V : NormedModule R_AbsRing) (w : nat -> V) p n one delta Vmax,
  lem_I_4_hypotheses V w p n one delta Vmax.
Proof.
  exists R_NormedModule, (fun j : nat => INR j), (fun j => if Nat.eqb j 0 then 3 / 4 else 1 / 4), 2%nat, 0%nat, (1 / 4), 1.
  repeat split; simpl; try lia; try lra.
  - destruct (Nat.eqb j 0); lra.
  - unfold norm; simpl. unfold abs; simpl. rewrite Rabs_pos_eq by apply pos_INR. apply (le_INR j 1); lia.
Qed.

Theorem lem_I_6_holds : lem_I_6.
Proof.
  intros V v alpha T delta Vmax [Hd H] f.
  assert (Row : forall t, (t < T)%nat -> norm (minus (f t) (v t)) <= 2 * delta * Vmax).
  { intros t Ht. now apply (lem_I_4_holds V v (alpha t) (S t) t delta Vmax), H. }
  split; [exact Row|].
  destruct T as [|T]; [simpl; rewrite sqrt_0, Rmult_0_r; lra|].
  assert (V0 : 0 <= Vmax).
  { destruct (H O ltac:(lia)) as (_ & B & _). destruct (B O ltac:(lia)) as [_ B0].
    pose proof (norm_ge_0 (V := V) (v O)); lra. }
  assert (B0 : 0 <= 2 * delta * Vmax) by (apply Rmult_le_pos; lra).
  rewrite <- (sqrt_pow2 (2 * delta * Vmax)) by easy.
  rewrite <- sqrt_mult by (try apply pow2_ge_0; apply pos_INR).
  apply sqrt_le_1_alt. rewrite Rmult_comm, <- sum_const. apply sum_le. intros t Ht.
  apply pow_incr. split; [apply (norm_ge_0 (V := V)) | now apply Row].
Qed.

Theorem lem_I_6_instance : exists (V : NormedModule R_AbsRing) (v : nat -> V) alpha T delta Vmax,
  lem_I_6_hypotheses V v alpha T delta Vmax.
Proof.
  exists R_NormedModule, (fun j : nat => INR j),
    (fun t j => if Nat.eqb t 0 then 1 else if Nat.eqb j 0 then 1 / 4 else 3 / 4), 2%nat, (1 / 4), 1.
  split; [lra|]. intros t Ht. destruct t as [|[|t]]; [| |lia]; repeat split; simpl; try lia; try lra;
    try (destruct (Nat.eqb j 0); lra);
    unfold norm; simpl; unfold abs; simpl; rewrite Rabs_pos_eq by apply pos_INR; apply (le_INR j 1); lia.
Qed.

Theorem lem_I_13_holds : lem_I_13.
Proof.
  intros V v phi alpha t delta eta M (H & Hsum & Hmass).
  assert (Near : forall j, (j < S t)%nat -> 0 <= alpha j /\ norm (v j) <= M + eta).
  { intros j Hj. destruct (H j ltac:(lia)) as (Pa & Nphi & Nv). split; [easy|].
    replace (v j) with (plus (phi j) (minus (v j) (phi j))).
    - eapply Rle_trans; [apply (norm_triangle (V := V))|]; lra.
    - unfold minus. rewrite plus_comm, <- plus_assoc, plus_opp_l. apply plus_zero_r. }
  pose proof (lem_I_4_holds V v alpha (S t) t delta (M + eta)) as B.
  specialize (B ltac:(repeat split; try lia; try apply Near; auto)).
  destruct (H t ltac:(lia)) as (_ & _ & Nt).
  set (f := vsum _ _) in *.
  replace (minus f (phi t)) with (plus (minus f (v t)) (minus (v t) (phi t))).
  - eapply Rle_trans; [apply (norm_triangle (V := V))|]; lra.
  - unfold minus. rewrite <- plus_assoc, (plus_assoc (opp (v t))), plus_opp_l, plus_zero_l. easy.
Qed.

Theorem lem_I_13_instance : exists (V : NormedModule R_AbsRing) (v phi : nat -> V) alpha t delta eta M,
  lem_I_13_hypotheses V v phi alpha t delta eta M.
Proof.
  exists R_NormedModule, (fun j : nat => 5 / 4), (fun j : nat => 1), (fun j => if Nat.eqb j 1 then 3 / 4 else 1 / 4),
    1%nat, (1 / 4), (1 / 4), 1.
  repeat split; simpl; try lra.
  - destruct j as [|[|j]]; simpl; lra.
  - unfold norm; simpl; unfold abs; simpl. rewrite Rabs_pos_eq; lra.
  - unfold norm, minus, plus, opp; simpl; unfold abs; simpl. rewrite Rabs_pos_eq; lra.
Qed.
