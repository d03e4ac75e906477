(** Sums of powers and the profiles made of them: K.15, K.20, K.26. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Blocks Positions.
Open Scope R_scope.

(** * Powers *)

Lemma Rpower_pos x a : 0 < Rpower x a.
Proof. apply exp_pos. Qed.

Lemma INR_S_pos n : 1 <= INR (S n).
Proof. apply (le_INR 1). lia. Qed.

Lemma Rpower_le x y a : 0 < x <= y -> 0 <= a -> Rpower x a <= Rpower y a.
Proof. intros H Ha. apply Rle_Rpower_l; lra. Qed.

Lemma Rpower_ge_neg x y a : 0 < x <= y -> 0 <= a -> Rpower y (- a) <= Rpower x (- a).
Proof.
  intros H Ha. rewrite !Rpower_Ropp. apply Rinv_le_contravar; [apply Rpower_pos | now apply Rpower_le].
Qed.

Lemma Rpower_1_l a : Rpower 1 a = 1.
Proof. unfold Rpower. rewrite ln_1, Rmult_0_r. apply exp_0. Qed.

(** Bernoulli's inequality y^a <= 1 + a (y - 1), from e^(a s) (1 + (1-a) s) <= e^s and e^(a s) (1 - a s) <= 1. *)
Lemma Bernoulli y a : 0 < y -> 0 <= a <= 1 -> Rpower y a <= 1 + a * (y - 1).
Proof.
  intros Hy Ha. set (s := ln y). unfold Rpower. fold s. assert (Es : exp s = y) by now apply exp_ln.
  pose proof (exp_pos (a * s)) as P.
  assert (H1 : exp (a * s) * (1 + (1 - a) * s) <= y).
  { rewrite <- Es. replace s with (a * s + (1 - a) * s) at 3 by ring. rewrite exp_plus.
    apply Rmult_le_compat_l; [lra | apply exp_ineq1_le]. }
  assert (H2 : exp (a * s) * (1 + - (a * s)) <= 1).
  { apply Rle_trans with (exp (a * s) * exp (- (a * s))).
    - apply Rmult_le_compat_l; [lra | apply exp_ineq1_le].
    - right. rewrite <- exp_plus, Rplus_opp_r. apply exp_0. }
  nra.
Qed.

(** One step of the sum: (n+1)^(-b) <= ((n+1)^g - n^g)/g, g = 1 - b. *)
Lemma power_step b n : 0 < b < 1 ->
  Rpower (INR (S (S n))) (- b) <= (Rpower (INR (S (S n))) (1 - b) - Rpower (INR (S n)) (1 - b)) / (1 - b).
Proof.
  intros Hb. set (x := INR (S (S n))). set (y := INR (S n)).
  assert (Hy : 1 <= y) by apply INR_S_pos. assert (Ex : x = y + 1) by (unfold x, y; rewrite (S_INR (S n)); ring).
  assert (E : Rpower x (1 - b) = Rpower x (- b) * x).
  { replace (1 - b) with (- b + 1) by ring. rewrite Rpower_plus, Rpower_1 by lra. easy. }
  assert (Q : Rpower y (1 - b) <= Rpower x (1 - b) * (1 + (1 - b) * (y / x - 1))).
  { replace y with (x * (y / x)) at 1 by (field; lra). rewrite <- Rpower_mult_distr by (try apply Rdiv_lt_0_compat; lra).
    apply Rmult_le_compat_l; [left; apply Rpower_pos|]. apply Bernoulli; [apply Rdiv_lt_0_compat; lra | lra]. }
  apply Rle_div_r; [lra|]. rewrite E in *. pose proof (Rpower_pos x (- b)) as P.
  replace (Rpower x (- b) * x * (1 + (1 - b) * (y / x - 1))) with (Rpower x (- b) * x - Rpower x (- b) * (1 - b)) in Q
    by (rewrite Ex; field; lra). lra.
Qed.

Theorem ours_power_sum_holds : ours_power_sum.
Proof.
  intros b t Hb. split.
  - (* every term is at least the last *)
    apply Rle_trans with (sum (fun _ => Rpower (INR (S t)) (- b)) (S t)).
    + rewrite sum_const. replace (1 - b) with (1 + - b) by ring. rewrite Rpower_plus, Rpower_1 by (pose proof (INR_S_pos t); lra). lra.
    + apply sum_le. intros n Hn. apply Rpower_ge_neg; [|lra]. split; [pose proof (INR_S_pos n); lra | apply le_INR; lia].
  - induction t as [|t IH].
    + simpl. rewrite !Rpower_1_l. assert (1 <= 1 / (1 - b)); [apply Rle_div_r; lra | lra].
    + change (sum (fun n => Rpower (INR (S n)) (- b)) (S t) + Rpower (INR (S (S t))) (- b) <= Rpower (INR (S (S t))) (1 - b) / (1 - b)).
      pose proof (power_step b t Hb) as P. unfold Rdiv in *. lra.
Qed.

(** * Lemma K.20 *)

(** Powers of lambda = 1 - 1/(4(L+1)) up to L stay above e^(-1/4): 1/lambda = 1 + 1/(4L+3) <= e^(1/(4L+3)). *)
Lemma damping_power L k : (k <= L)%nat -> exp (- (1 / 4)) <= (1 - 1 / (4 * (INR L + 1))) ^ k <= 1.
Proof.
  intros Hk. pose proof (pos_INR L) as P. set (lam := 1 - 1 / (4 * (INR L + 1))).
  assert (E : lam = / (1 + / (4 * INR L + 3))) by (unfold lam; field; lra).
  assert (Hl : 0 < lam <= 1).
  { rewrite E. assert (0 < / (4 * INR L + 3)) by (apply Rinv_0_lt_compat; lra). split; [apply Rinv_0_lt_compat; lra|].
    rewrite <- Rinv_1. apply Rinv_le_contravar; lra. }
  split; [|rewrite <- (pow1 k); apply pow_incr; lra].
  assert (H1 : exp (- / (4 * INR L + 3)) <= lam).
  { rewrite E, exp_Ropp. apply Rinv_le_contravar; [|apply exp_ineq1_le].
    assert (0 < / (4 * INR L + 3)) by (apply Rinv_0_lt_compat; lra). lra. }
  apply Rle_trans with (exp (- / (4 * INR L + 3)) ^ k).
  - rewrite <- Rpower_pow by apply exp_pos. unfold Rpower. rewrite ln_exp.
    assert (HL : INR k * / (4 * INR L + 3) <= 1 / 4).
    { apply Rle_div_l; [lra|]. assert (INR k <= INR L) by now apply le_INR. lra. }
    destruct (Rle_lt_or_eq_dec _ _ HL) as [H|H]; [left; apply exp_increasing; lra | right; f_equal; lra].
  - apply pow_incr. split; [left; apply exp_pos | easy].
Qed.

Theorem lem_K_20_ideal_holds : lem_K_20_ideal.
Proof.
  intros b low high L g r (Hb & Hlow & Hg & H0 & Hr) t Ht. set (lam := 1 - 1 / (4 * (INR L + 1))) in *.
  set (w := fun n => Rpower (INR (S n)) (- b)).
  (* the recursion solved *)
  assert (Sol : forall t, (t <= L)%nat -> r t = sum (fun n => lam ^ (t - n) * g n) (S t)).
  { clear t Ht. intros t. induction t as [|t IH]; intros Ht; [simpl; rewrite H0; ring|].
    change (sum (fun n => lam ^ (S t - n) * g n) (S (S t))) with (sum (fun n => lam ^ (S t - n) * g n) (S t) + lam ^ (S t - S t) * g (S t)).
    assert (E : sum (fun n => lam ^ (S t - n) * g n) (S t) = lam * sum (fun n => lam ^ (t - n) * g n) (S t)).
    { rewrite <- sum_scal. apply sum_ext. intros n Hn. replace (S t - n)%nat with (S (t - n)) by lia. simpl. ring. }
    rewrite E, Nat.sub_diag, Hr, IH by lia. ring. }
  assert (Pw : forall n, 0 < w n) by (intros; apply Rpower_pos).
  assert (Hg0 : forall n, (n <= L)%nat -> 0 <= g n).
  { intros n Hn. destruct (Hg n Hn) as [G _]. pose proof (Pw n). unfold w in *. nra. }
  destruct (ours_power_sum_holds b t Hb) as [SL SU]. fold w in SL, SU. rewrite Sol by easy. split.
  - apply Rle_trans with (exp (- (1 / 4)) * low * sum w (S t)).
    + apply Rmult_le_compat_l; [apply Rmult_le_pos; [left; apply exp_pos | easy] | easy].
    + rewrite <- sum_scal. apply sum_le. intros n Hn. destruct (damping_power L (t - n)) as [D _]; [lia|]. fold lam in D.
      destruct (Hg n ltac:(lia)) as [G _]. fold (w n) in G. pose proof (exp_pos (- (1 / 4))). pose proof (Pw n).
      rewrite Rmult_assoc. apply Rmult_le_compat; [lra | nra | easy | easy].
  - apply Rle_trans with (high * sum w (S t)).
    + rewrite <- sum_scal. apply sum_le. intros n Hn. destruct (damping_power L (t - n)) as [_ D]; [lia|]. fold lam in D.
      destruct (Hg n ltac:(lia)) as [_ G]. fold (w n) in G. specialize (Hg0 n ltac:(lia)). nra.
    + assert (0 <= high).
      { destruct (Hg 0%nat ltac:(lia)) as [_ G]. specialize (Hg0 0%nat ltac:(lia)). fold (w 0%nat) in G. pose proof (Pw 0%nat). nra. }
      apply Rle_trans with (high * (Rpower (INR (S t)) (1 - b) / (1 - b))); [now apply Rmult_le_compat_l|]. right. field. lra.
Qed.

(** g of order (t+1)^(-1/2) with both constants 1, and the recursion itself. *)
Theorem lem_K_20_ideal_instance : exists beta low high L g r, lem_K_20_ideal_hypotheses beta low high L g r.
Proof.
  set (g := fun t => Rpower (INR (S t)) (- (1 / 2))).
  exists (1 / 2), 1, 1, 6%nat, g,
    (fix r t := match t with 0%nat => g 0%nat | S s => g (S s) + (1 - 1 / (4 * (INR 6 + 1))) * r s end).
  unfold lem_K_20_ideal_hypotheses. split; [lra|]. split; [lra|]. split; [intros; unfold g; lra|]. split; [easy|]. intros; easy.
Qed.

(** * Lemma K.26 *)

Lemma stack_upper D M r t tau : (t < tau)%nat -> macro_stack D M r t tau = 0.
Proof.
  revert t tau. induction r as [|r IH]; intros t tau H.
  - simpl. destruct (Nat.eqb_spec t tau); [lia | easy].
  - change (sum (fun i => M r t i * macro_stack D M r i tau) (S t) = 0). rewrite (sum_ext _ (fun _ => 0)), sum_zero; [easy|]. intros i Hi. rewrite IH by lia. ring.
Qed.

(** The row of r layers, without the selected source, is at most eps times the product of the row sums of the layers. *)
Lemma stack_row beta eps dplus aplus k T tau_max tau D M : lem_K_26_hypotheses beta eps dplus aplus k T tau_max tau D M ->
  forall r, (r <= k)%nat -> forall t n, (t <= T)%nat -> (n <= S T)%nat ->
  sum (fun s => if Nat.eqb s tau then 0 else Rabs (macro_stack D M r t s)) n
  <= eps * ((dplus + aplus) * Rpower (INR (S t)) (1 - beta)) ^ r.
Proof.
  intros (Hb & He & Hd & Ha & _ & HD & HM1 & HM2) r. induction r as [|r IH]; intros Hr t n Ht Hn.
  - (* one entry *)
    simpl pow. rewrite Rmult_1_r.
    assert (Z : forall s, s <> t -> (if Nat.eqb s tau then 0 else Rabs (macro_stack D M 0 t s)) = 0).
    { intros s Hs. simpl. destruct (Nat.eqb s tau); [easy|]. destruct (Nat.eqb_spec t s); [congruence | apply Rabs_R0]. }
    destruct (Nat.lt_ge_cases t n) as [L|G].
    + rewrite (sum_single _ n t L) by (intros; now apply Z). simpl. rewrite Nat.eqb_refl.
      destruct (Nat.eqb_spec t tau); [easy | now apply HD].
    + rewrite (sum_ext _ (fun _ => 0)), sum_zero; [easy|]. intros s Hs. apply Z. lia.
  - set (G := fun i => (dplus + aplus) * Rpower (INR (S i)) (1 - beta)).
    assert (PG : forall i, 0 <= G i) by (intros; apply Rmult_le_pos; [lra | left; apply Rpower_pos]).
    (* the row sum of one layer *)
    assert (Row : sum (fun i => Rabs (M r t i)) (S t) <= G t).
    { simpl. apply Rle_trans with (sum (fun _ => aplus * Rpower (INR (S t)) (- beta)) t + dplus).
      - apply Rplus_le_compat; [|destruct (HM1 r t ltac:(lia) Ht); rewrite Rabs_pos_eq; lra].
        apply sum_le. intros i Hi. destruct (HM2 r t i ltac:(lia) ltac:(lia)). rewrite Rabs_pos_eq; lra.
      - rewrite sum_const. unfold G.
        assert (E : INR (S t) * Rpower (INR (S t)) (- beta) = Rpower (INR (S t)) (1 - beta)).
        { replace (1 - beta) with (1 + - beta) by ring. rewrite Rpower_plus, Rpower_1 by (pose proof (INR_S_pos t); lra). easy. }
        assert (O : 1 <= Rpower (INR (S t)) (1 - beta)).
        { apply Rle_trans with (Rpower 1 (1 - beta)); [rewrite Rpower_1_l; lra|]. apply Rpower_le; [pose proof (INR_S_pos t); lra | lra]. }
        pose proof (Rpower_pos (INR (S t)) (- beta)). rewrite S_INR in E at 1. pose proof (pos_INR t).
        assert (INR t * (aplus * Rpower (INR (S t)) (- beta)) <= aplus * Rpower (INR (S t)) (1 - beta)).
        { rewrite <- E. replace (INR t * (aplus * Rpower (INR (S t)) (- beta))) with (aplus * (INR t * Rpower (INR (S t)) (- beta))) by ring.
          apply Rmult_le_compat_l; [easy | nra]. }
        nra. }
    apply Rle_trans with (sum (fun s => sum (fun i => Rabs (M r t i) * (if Nat.eqb s tau then 0 else Rabs (macro_stack D M r i s))) (S t)) n).
    { apply sum_le. intros s Hs. destruct (Nat.eqb s tau).
      - apply sum_nonneg. intros. rewrite Rmult_0_r. lra.
      - change (Rabs (sum (fun i => M r t i * macro_stack D M r i s) (S t)) <= sum (fun i => Rabs (M r t i) * Rabs (macro_stack D M r i s)) (S t)).
        eapply Rle_trans; [apply sum_Rabs_le|]. right. apply sum_ext. intros. now rewrite Rabs_mult. }
    rewrite sum_swap. apply Rle_trans with (sum (fun i => Rabs (M r t i) * (eps * G t ^ r)) (S t)).
    + apply sum_le. intros i Hi. rewrite sum_scal. apply Rmult_le_compat_l; [apply Rabs_pos|].
      eapply Rle_trans; [apply IH; lia|]. apply Rmult_le_compat_l; [easy|]. apply pow_incr. split; [apply PG|].
      apply Rmult_le_compat_l; [lra|]. apply Rpower_le; [|lra]. split; [pose proof (INR_S_pos i); lra | apply le_INR; lia].
    + rewrite sum_scal_r. fold (G t). simpl pow. replace (eps * (G t * G t ^ r)) with (G t * (eps * G t ^ r)) by ring.
      apply Rmult_le_compat_r; [|easy]. apply Rmult_le_pos; [easy | now apply pow_le].
Qed.

Theorem lem_K_26_holds : lem_K_26.
Proof.
  intros beta eps dplus aplus k T tau_max tau D M H C l Hl others.
  pose proof H as (Hb & He & Hd & Ha & Htau & _).
  set (P := Rpower (INR (S tau_max)) (1 - beta)) in *. set (Q := Rpower (INR (S l)) (INR k * (1 - beta))).
  assert (First : others <= C * eps * Q).
  { unfold others. eapply Rle_trans; [apply (stack_row _ _ _ _ _ _ _ _ _ _ H k (le_n k) (tau + l) (tau + l)); lia|].
    rewrite (Rmult_comm C), Rmult_assoc. apply Rmult_le_compat_l; [easy|].
    (* tau + l + 1 <= (tau_max + 1)(l + 1) *)
    apply Rle_trans with (((dplus + aplus) * (P * Rpower (INR (S l)) (1 - beta))) ^ k).
    - apply pow_incr. split; [apply Rmult_le_pos; [lra | left; apply Rpower_pos]|]. apply Rmult_le_compat_l; [lra|].
      unfold P. rewrite Rpower_mult_distr by (pose proof (INR_S_pos tau_max); pose proof (INR_S_pos l); lra).
      apply Rpower_le; [|lra]. split; [pose proof (INR_S_pos (tau + l)); lra|]. rewrite <- mult_INR. apply le_INR. nia.
    - unfold C, Q. rewrite <- Rmult_assoc, Rpow_mult_distr. right. f_equal.
      rewrite <- Rpower_pow by apply Rpower_pos. rewrite Rpower_mult. f_equal. ring. }
  split; [exact First|]. intros c Hor Hc Hlh HC. apply Rle_trans with (1 := First).
  assert (PQ : 0 < Q) by apply Rpower_pos. assert (HS : INR (S l) <= INR (S Hor)) by (apply le_INR; lia).
  pose proof (INR_S_pos l). apply Rle_trans with (c / 2 / INR (S l) * Q).
  - apply Rmult_le_compat_r; [lra|]. apply Rle_trans with (1 := HC). apply Rmult_le_compat_l; [lra|]. apply Rinv_le_contravar; lra.
  - replace (INR k * (1 - beta) - 1) with (INR k * (1 - beta) + - (1)) by ring.
    rewrite Rpower_plus, Rpower_Ropp, Rpower_1 by lra. fold Q. right. field. lra.
Qed.

(** Three tokens, one layer of uniform weights, the selected source 0. *)
Theorem lem_K_26_instance : exists beta eps dplus aplus k T tau_max tau D M,
  lem_K_26_hypotheses beta eps dplus aplus k T tau_max tau D M.
Proof.
  exists (1 / 2), (1 / 10), 2, 1, 2%nat, 3%nat, 1%nat, 0%nat, (fun s => if Nat.eqb s 0 then 1 else 1 / 10),
    (fun _ i j => if Nat.eqb i j then 3 / 2 else Rpower (INR (S i)) (- (1 / 2)) / 2).
  unfold lem_K_26_hypotheses. split; [lra|]. split; [lra|]. split; [lra|]. split; [lra|]. split; [lia|]. split; [|split].
  - intros s _ Hs. apply Nat.eqb_neq in Hs. rewrite Hs, Rabs_pos_eq; lra.
  - intros _ i _ _. rewrite Nat.eqb_refl. lra.
  - intros _ i j _ Hj. destruct (Nat.eqb_spec i j); [lia|]. pose proof (Rpower_pos (INR (S i)) (- (1 / 2))). lra.
Qed.
