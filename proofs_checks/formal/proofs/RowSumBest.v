(** No exponent above the root of b + gamma_max c2^b = 1 serves for rows that sum to at most 1. *)

From Coq Require Import Reals Lra Lia PeanoNat Wf_nat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Powers ImpulseResponse PolynomialDecay ClosedForms SharpDecay ZetaSums RowSumExponent.
Open Scope R_scope.

Definition is_root (gamma_max c2 b : R) : Prop := 0 < gamma_max < 1 /\ 1 <= c2 /\ 0 < b < 1 /\ b + gamma_max * Rpower c2 b = 1.

Lemma zeta_gap_first q N : 0 < q < 1 -> zeta_gap q N <= 1 / (1 - q).
Proof.
  intros Hq. induction N as [|N IH]; [|eapply Rle_trans; [now apply zeta_gap_falls | exact IH]].
  unfold zeta_gap, Rpower. simpl. rewrite ln_1, Rmult_0_r, exp_0. lra.
Qed.

Section Earliest.
  Variables (gamma_max c2 b q : R).
  Hypothesis H : is_root gamma_max c2 b.
  Hypothesis Hq : b < q < 1.

  (** Row t puts c2/t on the earliest floor(t/c2) tokens; at least one token is read. *)
  Definition reads (t : nat) : nat := Nat.max 1 (Z.to_nat (Int_part (INR t / c2))).
  Definition earliest (t j : nat) : R := if Nat.ltb j (reads t) then Rmin (/ INR (reads t)) (c2 / INR t) else 0.

  Lemma reads_pos t : 0 < INR (reads t).
  Proof. apply lt_0_INR. unfold reads. lia. Qed.

  Lemma earliest_nonneg t j : 0 <= earliest t j.
  Proof.
    destruct H as (_ & Hc & _). unfold earliest. destruct (Nat.ltb j (reads t)); [|lra]. pose proof (reads_pos t).
    apply Rmin_glb; [left; now apply Rinv_0_lt_compat|]. destruct t as [|t].
    - simpl. unfold Rdiv. rewrite Rinv_0. lra.
    - apply Rdiv_le_0_compat; [lra | apply lt_0_INR; lia].
  Qed.

  Lemma int_part_bounds t : (reads t = 1%nat \/ INR (reads t) * c2 <= INR t) /\ INR t / c2 < INR (reads t) + 1
    /\ (c2 <= INR t -> INR (reads t) * c2 <= INR t).
  Proof.
    destruct H as (_ & Hc & _). pose proof (base_Int_part (INR t / c2)) as [L U]. set (k := Int_part (INR t / c2)) in *.
    assert (Hx : 0 <= INR t / c2) by (apply Rdiv_le_0_compat; [apply pos_INR | lra]).
    assert (Hk : (0 <= k)%Z) by (assert (-1 < k)%Z; [apply lt_IZR; simpl; lra | lia]).
    assert (E : INR (Z.to_nat k) = IZR k) by (rewrite INR_IZR_INZ, Z2Nat.id; easy).
    assert (B : INR (Z.to_nat k) * c2 <= INR t) by (rewrite E; apply Rle_div_r; lra).
    assert (R : reads t = Nat.max 1 (Z.to_nat k)) by reflexivity.
    assert (G : INR (Z.to_nat k) <= INR (reads t)) by (apply le_INR; rewrite R; lia).
    split; [|split].
    - destruct (Nat.le_gt_cases (Z.to_nat k) 1); [left; lia | right]. replace (reads t) with (Z.to_nat k) by lia. easy.
    - lra.
    - intros Ht. destruct (Nat.le_gt_cases 1 (Z.to_nat k)) as [|Hk0]; [replace (reads t) with (Z.to_nat k) by lia; easy|].
      replace (reads t) with 1%nat by lia. simpl. lra.
  Qed.

  Lemma reads_le t : (1 <= t)%nat -> (reads t <= t)%nat.
  Proof.
    intros Ht. destruct (int_part_bounds t) as [[->|B] _]; [easy|]. destruct H as (_ & Hc & _).
    apply INR_le. pose proof (reads_pos t). nra.
  Qed.

  (** What a row makes of f. *)
  Lemma earliest_sum t f : (1 <= t)%nat -> sum (fun j => earliest t j * f j) t = Rmin (/ INR (reads t)) (c2 / INR t) * sum f (reads t).
  Proof.
    intros Ht. rewrite (sum_truncate _ (reads t)).
    - rewrite <- sum_scal. apply sum_ext. intros j Hj. unfold earliest. apply Nat.ltb_lt in Hj. now rewrite Hj.
    - now apply reads_le.
    - intros j Hj. unfold earliest. destruct (Nat.ltb_spec j (reads t)); [lia | ring].
  Qed.

  Lemma earliest_row_sum t : (1 <= t)%nat -> sum (earliest t) t <= 1.
  Proof.
    intros Ht. rewrite (sum_ext _ (fun j => earliest t j * 1)) by (intros; ring). rewrite earliest_sum, sum_const by easy.
    pose proof (reads_pos t). pose proof (Rmin_l (/ INR (reads t)) (c2 / INR t)).
    apply Rle_trans with (/ INR (reads t) * (INR (reads t) * 1)); [apply Rmult_le_compat_r; lra | right; field; lra].
  Qed.

  Lemma earliest_diffuse T : diffuse c2 earliest T.
  Proof.
    intros t j Ht. rewrite Rabs_pos_eq by apply earliest_nonneg. unfold earliest. destruct (Nat.ltb j (reads t)); [apply Rmin_r|].
    destruct H as (_ & Hc & _). apply Rdiv_le_0_compat; [lra | apply lt_0_INR; lia].
  Qed.

  Variable y : nat -> R.
  Hypothesis Hy : forall T, impulse_response (fun _ => gamma_max) earliest 0 y T.

  Lemma earliest_row t : (1 <= t)%nat -> y t = gamma_max * (Rmin (/ INR (reads t)) (c2 / INR t) * sum y (reads t)).
  Proof.
    intros Ht. rewrite (Hy (S t) t) by lia. destruct (Nat.eqb_spec t 0); [lia|]. rewrite Rplus_0_l. f_equal. now apply earliest_sum.
  Qed.

  Lemma earliest_pos t : 0 < y t.
  Proof.
    induction t as [t IH] using lt_wf_ind. destruct H as (Hg & Hc & _). destruct t as [|t].
    - rewrite (at_the_source _ _ _ _ 1 (Hy 1)) by lia. lra.
    - rewrite earliest_row by lia. pose proof (reads_pos (S t)). apply Rmult_lt_0_compat; [lra|]. apply Rmult_lt_0_compat.
      + apply Rmin_glb_lt; [now apply Rinv_0_lt_compat | apply Rdiv_lt_0_compat; [lra | apply lt_0_INR; lia]].
      + pose proof (reads_le (S t) ltac:(lia)) as L. assert (1 <= reads (S t))%nat by (unfold reads; lia).
        apply Rlt_le_trans with (y O); [apply IH; lia|].
        apply sum_term_le; [lia|]. intros j Hj. left. apply IH. lia.
  Qed.

  (** The gain at exponent q is above 1. *)
  Lemma gain_above : 0 < gamma_max * Rpower c2 q - (1 - q).
  Proof.
    destruct H as (Hg & Hc & _ & E). pose proof (Rpower_le_exponent c2 b q Hc ltac:(lra)). nra.
  Qed.

  (** From c (r+1)^(-q) below t the same follows at t, once t is large. *)
  Lemma earliest_step t c : 0 < c -> c2 <= INR t -> gamma_max * c2 <= (gamma_max * Rpower c2 q - (1 - q)) * Rpower (INR t) (1 - q) ->
    (forall r, (r < t)%nat -> c * Rpower (INR (S r)) (- q) <= y r) -> c * Rpower (INR (S t)) (- q) <= y t.
  Proof.
    intros Hc0 Ht Hbig IH. pose proof H as (Hg & Hc & Hb & _). assert (Htp : 0 < INR t) by lra.
    assert (Ht1 : (1 <= t)%nat) by (destruct t; [simpl in Htp; lra | lia]).
    destruct (int_part_bounds t) as (_ & Hr & Hm). specialize (Hm Ht). pose proof (reads_pos t) as Hrp. rewrite earliest_row by easy.
    assert (E : Rmin (/ INR (reads t)) (c2 / INR t) = c2 / INR t).
    { apply Rmin_right. apply (Rmult_le_reg_r (INR t * INR (reads t))); [now apply Rmult_lt_0_compat|].
      replace (c2 / INR t * (INR t * INR (reads t))) with (INR (reads t) * c2) by (field; lra).
      replace (/ INR (reads t) * (INR t * INR (reads t))) with (INR t) by (field; lra). easy. }
    rewrite E.
    (* the sum of r^(-q) against its integral *)
    assert (S1 : c * ((Rpower (INR t / c2) (1 - q) - 1) / (1 - q)) <= sum y (reads t)).
    { apply Rle_trans with (c * sum (fun r => Rpower (INR (S r)) (- q)) (reads t)).
      - apply Rmult_le_compat_l; [lra|].
        pose proof (zeta_gap_first q (reads t) ltac:(lra)) as Z.
        unfold zeta_gap in Z.
        assert (M : Rpower (INR t / c2) (1 - q) <= Rpower (INR (S (reads t))) (1 - q)).
        { apply Rle_Rpower_l; [lra|]. split; [apply Rdiv_lt_0_compat; lra | rewrite S_INR; lra]. }
        assert (M' : Rpower (INR t / c2) (1 - q) / (1 - q) <= Rpower (INR (S (reads t))) (1 - q) / (1 - q))
          by (apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; lra | easy]).
        unfold Rdiv at 1. rewrite Rmult_minus_distr_r, Rmult_1_l. unfold Rdiv in *. lra.
      - rewrite <- sum_scal. apply sum_le. intros r Hr0. apply IH. pose proof (reads_le t Ht1). lia. }
    apply Rle_trans with (c * Rpower (INR t) (- q)).
    { apply Rmult_le_compat_l; [lra|]. rewrite !Rpower_Ropp. apply Rinv_le_contravar; [apply Rpower_pos | apply Rle_Rpower_l; [lra | rewrite S_INR; lra]]. }
    apply Rle_trans with (gamma_max * (c2 / INR t * (c * ((Rpower (INR t / c2) (1 - q) - 1) / (1 - q))))).
    2:{ apply Rmult_le_compat_l; [lra|]. apply Rmult_le_compat_l; [apply Rdiv_le_0_compat; lra | exact S1]. }
    set (P := Rpower (INR t) (1 - q)) in *.
    assert (P1 : Rpower (INR t) (- q) = P * / INR t) by (unfold P; apply power_down; easy).
    assert (P2 : Rpower (INR t / c2) (1 - q) = P * (Rpower c2 q / c2)).
    { assert (EP : P = Rpower (INR t / c2) (1 - q) * Rpower c2 (1 - q)) by (unfold P; rewrite Rpower_mult_distr by (try apply Rdiv_lt_0_compat; lra); f_equal; field; lra).
      rewrite EP. unfold Rminus. rewrite (Rpower_plus 1 (- q) c2), Rpower_1, Rpower_Ropp by lra. pose proof (Rpower_pos c2 q). field. lra. }
    rewrite P1, P2. apply (Rmult_le_reg_r (INR t * (1 - q) / c)); [apply Rdiv_lt_0_compat; [apply Rmult_lt_0_compat; lra | easy]|].
    replace (c * (P * / INR t) * (INR t * (1 - q) / c)) with (P * (1 - q)) by (field; lra).
    replace (gamma_max * (c2 / INR t * (c * ((P * (Rpower c2 q / c2) - 1) / (1 - q)))) * (INR t * (1 - q) / c))
      with (gamma_max * Rpower c2 q * P - gamma_max * c2) by (field; lra). lra.
  Qed.

  (** Any finite number of rows is above some multiple. *)
  Lemma earliest_first n : exists c, 0 < c /\ forall r, (r < n)%nat -> c * Rpower (INR (S r)) (- q) <= y r.
  Proof.
    induction n as [|n [c [Hc IH]]]; [exists 1; split; [lra | lia]|].
    pose proof (Rpower_pos (INR (S n)) q) as P. pose proof (earliest_pos n).
    exists (Rmin c (y n * Rpower (INR (S n)) q)). split; [apply Rmin_glb_lt; [easy | now apply Rmult_lt_0_compat]|].
    intros r Hr. destruct (Nat.eq_dec r n) as [->|Hn].
    - apply Rle_trans with (y n * Rpower (INR (S n)) q * Rpower (INR (S n)) (- q)); [|right; apply over_power, lt_0_INR; lia].
      apply Rmult_le_compat_r; [left; apply Rpower_pos | apply Rmin_r].
    - eapply Rle_trans; [|apply IH; lia]. apply Rmult_le_compat_r; [left; apply Rpower_pos | apply Rmin_l].
  Qed.
End Earliest.

(** Powers of large numbers are large. *)
Lemma power_unbounded p M : 0 < p -> exists n0, forall t, (n0 <= t)%nat -> M <= Rpower (INR t) p.
Proof.
  intros Hp. destruct (nfloor_ex (exp (Rabs M / p))) as [n Hn]; [left; apply exp_pos|]. exists (S n). intros t Ht.
  apply le_INR in Ht. rewrite S_INR in Ht. pose proof (exp_pos (Rabs M / p)).
  assert (L : Rabs M / p <= ln (INR t)) by (rewrite <- (ln_exp (Rabs M / p)); apply ln_le_incr; lra).
  apply (Rmult_le_compat_l p) in L; [|lra]. replace (p * (Rabs M / p)) with (Rabs M) in L by (field; lra).
  pose proof (Rle_abs M). pose proof (Rabs_pos M). unfold Rpower. set (v := p * ln (INR t)) in *.
  destruct (Req_dec v 0) as [E|E]; [rewrite E in *; rewrite exp_0; lra|]. pose proof (exp_ineq1 v E). lra.
Qed.

(** The response stays above c (l+1)^(-q), for every q above the root. *)
Lemma earliest_decay gamma_max c2 b q y : is_root gamma_max c2 b -> b < q < 1 ->
  (forall T, impulse_response (fun _ => gamma_max) (earliest c2) 0 y T) ->
  exists c, 0 < c /\ forall t, c * Rpower (INR (S t)) (- q) <= y t.
Proof.
  intros H Hq Hy. pose proof (gain_above gamma_max c2 b q H Hq) as K. pose proof H as (Hg & Hc & _).
  destruct (power_unbounded (1 - q) (gamma_max * c2 / (gamma_max * Rpower c2 q - (1 - q)))) as [n1 N1]; [lra|].
  destruct (nfloor_ex c2) as [n2 N2]; [lra|].
  destruct (earliest_first gamma_max c2 b q H y Hy (Nat.max n1 (S n2))) as [c [Hc0 F]]. exists c. split; [easy|].
  intros t. induction t as [t IH] using lt_wf_ind. destruct (Nat.lt_ge_cases t (Nat.max n1 (S n2))) as [Ht|Ht]; [now apply F|].
  apply (earliest_step gamma_max c2 b q H Hq y Hy); [easy | | | exact IH].
  - assert (INR (S n2) <= INR t) by (apply le_INR; lia). rewrite S_INR in *. lra.
  - specialize (N1 t ltac:(lia)). apply (Rmult_le_compat_l (gamma_max * Rpower c2 q - (1 - q))) in N1; [|lra].
    eapply Rle_trans; [|exact N1]. right. field. lra.
Qed.

Lemma no_larger_exponent gamma_max c2 b : is_root gamma_max c2 b -> forall larger, b < larger -> exists alpha y,
  (forall T, decay_hypotheses (fun _ => gamma_max) alpha gamma_max c2 0 y T)
  /\ (forall t j, 0 <= alpha t j) /\ (forall t, (1 <= t)%nat -> sum (alpha t) t <= 1)
  /\ forall C, exists l, (1 <= l)%nat /\ C * Rpower (INR l) (- larger) < y l.
Proof.
  intros H larger Hl. pose proof H as (Hg & Hc & Hb & _).
  destruct (response_exists (fun _ => gamma_max) (earliest c2) 0) as [y Hy]. exists (earliest c2), y.
  split; [|split; [|split]].
  - intros T. split; [apply Hy | split; [now apply (earliest_diffuse gamma_max c2 b)|]].
    intros t _. rewrite Rabs_pos_eq; lra.
  - intros t j. now apply (earliest_nonneg gamma_max c2 b).
  - intros t Ht. now apply (earliest_row_sum gamma_max c2 b).
  - intros C. set (q := Rmin ((b + larger) / 2) ((b + 1) / 2)).
    assert (Hq : b < q < 1 /\ q < larger).
    { unfold q. pose proof (Rmin_l ((b + larger) / 2) ((b + 1) / 2)). pose proof (Rmin_r ((b + larger) / 2) ((b + 1) / 2)).
      assert (b < Rmin ((b + larger) / 2) ((b + 1) / 2)) by (apply Rmin_glb_lt; lra). lra. }
    destruct Hq as [Hq Hql]. destruct (earliest_decay gamma_max c2 b q y H Hq Hy) as [c [Hc0 D]].
    (* C l^(-larger) < c (2 l)^(-q) as soon as l^(larger - q) > C 2^q / c *)
    destruct (power_unbounded (larger - q) (C * Rpower 2 q / c + 1)) as [n0 N0]; [lra|]. exists (S n0). split; [lia|].
    set (l := S n0) in *. specialize (N0 l ltac:(lia)). eapply Rlt_le_trans; [|apply D].
    assert (H1 : 1 <= INR l) by (apply INR_ge_1; lia). pose proof (Rpower_pos 2 q) as P2. pose proof (Rpower_pos (INR l) (- larger)) as Pl.
    apply Rlt_le_trans with (c * (Rpower 2 (- q) * Rpower (INR l) (- q))).
    + replace (- q) with (larger - q + - larger) at 2 by ring. rewrite Rpower_plus, (Rpower_Ropp 2 q).
      replace (c * (/ Rpower 2 q * (Rpower (INR l) (larger - q) * Rpower (INR l) (- larger))))
        with (c / Rpower 2 q * Rpower (INR l) (larger - q) * Rpower (INR l) (- larger)) by (field; lra).
      apply Rmult_lt_compat_r; [easy|]. assert (Hd : 0 < c / Rpower 2 q) by now apply Rdiv_lt_0_compat.
      apply Rlt_le_trans with (c / Rpower 2 q * (C * Rpower 2 q / c + 1)); [|apply Rmult_le_compat_l; lra].
      replace (c / Rpower 2 q * (C * Rpower 2 q / c + 1)) with (C + c / Rpower 2 q) by (field; lra). lra.
    + apply Rmult_le_compat_l; [lra|]. rewrite Rpower_mult_distr by lra. rewrite !Rpower_Ropp.
      apply Rinv_le_contravar; [apply Rpower_pos | apply Rle_Rpower_l; [lra | rewrite S_INR; lra]].
Qed.

(** ** The statement *)

Theorem ours_row_sum_exponent_holds : ours_row_sum_exponent.
Proof.
  split; [exact row_sum_bounds | split; [exact zeta_constant|]]. intros gamma_max c2 Hg Hc.
  destruct (root_exists gamma_max c2 Hg Hc) as (b & Hb & E & Unique & Least & Equal).
  exists b. repeat (split; [assumption|]). now apply no_larger_exponent.
Qed.

(** gamma_max c2 = 1 with b = 1/2: 1/2 + (1/4) sqrt 4 = 1; rows that sum to 1. *)
Theorem ours_row_sum_exponent_instance : exists gamma alpha gamma_max c2 tau y T b,
  ours_row_sum_exponent_hypotheses gamma alpha gamma_max c2 tau y T b.
Proof.
  destruct (response_exists (fun t => sample_gain t / 2) sample_rows 3) as [y Hy].
  exists (fun t => sample_gain t / 2), sample_rows, (1 / 4), 4, 3%nat, y, 8%nat, (/ 2).
  destruct (sample_hypotheses 3) as [z Hz]. destruct (Hz 8%nat) as (_ & Ha & Hg).
  split; [split; [apply Hy | split]|split; [|split; [lra | split; [lra | split; [lra|]]]]].
  - intros t j Hj. eapply Rle_trans; [apply Ha; lia|]. apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat, lt_0_INR; lia | lra].
  - intros t Ht. specialize (Hg t Ht). unfold Rdiv. rewrite Rabs_mult, (Rabs_pos_eq (/ 2)) by lra. lra.
  - intros t _. destruct t as [|t]; [simpl; lra|]. rewrite <- (sample_row_sum (S t)) by lia. right.
    apply sum_ext. intros j Hj. apply Rabs_pos_eq, Rdiv_le_0_compat; [pose proof (pos_INR (j + 1)); lra|].
    apply Rmult_lt_0_compat; apply lt_0_INR; lia.
  - rewrite Rpower_sqrt by lra. replace 4 with (2 * 2) at 2 by ring. rewrite sqrt_square by lra. lra.
Qed.
