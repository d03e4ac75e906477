(** Rows that sum to at most 1 and lie under c2/t: decay with the exponent b of b + gamma_max c2^b = 1. *)

From Coq Require Import Reals Lra Lia PeanoNat Wf_nat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Powers ImpulseResponse PolynomialDecay SharpDecay ZetaSums.
Open Scope R_scope.

Section Decay.
  Variables (gamma : nat -> R) (alpha : nat -> nat -> R) (gamma_max c2 : R) (tau : nat) (y : nat -> R) (T : nat) (b : R).
  Hypothesis H : ours_row_sum_exponent_hypotheses gamma alpha gamma_max c2 tau y T b.
  Let u (r : nat) : R := Rabs (y (tau + r)%nat).

  (** A row after the source, by the lags of what it reads. *)
  Lemma row_by_lags n : (1 <= n)%nat -> (tau + n < T)%nat -> exists w : nat -> R,
    (forall r, (r < n)%nat -> 0 <= w r <= c2 / INR n) /\ sum w n <= 1 /\ u n <= gamma_max * sum (fun r => w r * u r) n.
  Proof.
    intros Hn HT. destruct H as ((Hy & Ha & Hg) & Hs & _ & Hc & _). set (t := (tau + n)%nat) in *.
    exists (fun r => Rabs (alpha t (tau + r)%nat)). split; [|split].
    - intros r Hr. split; [apply Rabs_pos|]. eapply Rle_trans; [apply Ha; unfold t; lia|]. unfold Rdiv.
      apply Rmult_le_compat_l; [lra|]. apply Rinv_le_contravar; [apply lt_0_INR; lia | apply le_INR; unfold t; lia].
    - specialize (Hs t HT). unfold t in Hs. rewrite sum_split in Hs. fold t in Hs.
      assert (0 <= sum (fun j => Rabs (alpha t j)) tau) by (apply sum_nonneg; intros; apply Rabs_pos). lra.
    - unfold u. fold t. rewrite (Hy t HT). destruct (Nat.eqb_spec t tau) as [|_]; [unfold t in *; lia|].
      rewrite Rplus_0_l, Rabs_mult. apply Rmult_le_compat; try apply Rabs_pos; [now apply Hg|].
      eapply Rle_trans; [apply sum_Rabs_le|]. unfold t at 2. rewrite sum_split.
      rewrite (sum_ext _ (fun _ => 0) tau), sum_zero
        by (intros i Hi; rewrite (before_the_source _ _ _ _ _ i Hy), Rmult_0_r, Rabs_R0 by lia; reflexivity).
      rewrite Rplus_0_l. right. apply sum_ext. intros r _. now rewrite Rabs_mult.
  Qed.

  Lemma gain_nonneg : 0 <= gamma_max.
  Proof.
    destruct H as (_ & _ & _ & _ & Hb & E). destruct (Rle_dec 0 gamma_max); [easy|]. pose proof (Rpower_pos c2 b). nra.
  Qed.

  Lemma influence_at_most_1 n : (tau + n < T)%nat -> u n <= 1.
  Proof.
    induction n as [n IH] using lt_wf_ind. intros HT. destruct n as [|n].
    - unfold u. rewrite Nat.add_0_r. destruct H as ((Hy & _) & _). rewrite (at_the_source _ _ _ _ _ Hy), Rabs_R1 by lia. lra.
    - destruct (row_by_lags (S n) ltac:(lia) HT) as (w & Hw & Hs & Hu). pose proof gain_nonneg. destruct H as (_ & _ & Hm & _).
      assert (sum (fun r => w r * u r) (S n) <= sum w (S n)).
      { apply sum_le. intros r Hr. destruct (Hw r Hr). specialize (IH r Hr ltac:(lia)). assert (0 <= u r) by apply Rabs_pos. nra. }
      assert (0 <= sum (fun r => w r * u r) (S n)) by (apply sum_nonneg; intros r Hr; destruct (Hw r Hr); apply Rmult_le_pos; [easy | apply Rabs_pos]).
      nra.
  Qed.

  (** Any C with 1 <= C zeta_gap(N) for all N serves: h is 1 at lag 0 and C r^(-b) at lag r. *)
  Variable C : R.
  Hypothesis HC : forall N, 1 <= C * zeta_gap b N.
  Let h (r : nat) : R := match r with O => 1 | S _ => C * Rpower (INR r) (- b) end.

  Lemma C_pos : 0 < C.
  Proof.
    destruct H as (_ & _ & _ & _ & Hb & _). pose proof (zeta_gap_lower b Hb 0) as L. specialize (HC O). pose proof (Rpower_pos 2 (1 - b)).
    assert (0 < / ((1 - b) * Rpower 2 (1 - b))) by (apply Rinv_0_lt_compat, Rmult_lt_0_compat; lra).
    destruct (Rle_dec C 0); [nra | lra].
  Qed.

  Lemma sum_h N : sum h (S N) <= C * Rpower (INR (S N)) (1 - b) / (1 - b).
  Proof.
    rewrite sum_first. change (h O) with 1. change (fun i => h (S i)) with (fun i => C * Rpower (INR (S i)) (- b)). rewrite sum_scal.
    specialize (HC N). unfold zeta_gap in HC. unfold Rdiv in *. lra.
  Qed.

  (** What lies above the level C x^(-b): at most the area under C s^(-b) there. *)
  Lemma above_level x N : 0 < x -> C * Rpower x (- b) <= 1 ->
    sum (fun r => Rmax 0 (h r - C * Rpower x (- b))) (S N) <= C * Rpower x (- b) * x / (1 - b) - C * Rpower x (- b) * x.
  Proof.
    intros Hx. destruct H as (_ & _ & _ & _ & Hb & _). pose proof C_pos as HCp. set (lam := C * Rpower x (- b)). intros Hl.
    assert (Hlam : 0 < lam) by (apply Rmult_lt_0_compat; [easy | apply Rpower_pos]).
    induction N as [|N IH].
    2: destruct (Rle_dec lam (h (S N))) as [Hh|Hh];
       [|change (sum (fun r => Rmax 0 (h r - lam)) (S N) + Rmax 0 (h (S N) - lam) <= lam * x / (1 - b) - lam * x); rewrite (Rmax_left 0 (h (S N) - lam)) by lra; lra].
    (* all terms up to the last are above the level *)
    1: assert (Hh : lam <= h O) by exact Hl.
    all: match goal with |- sum _ (S ?n) <= _ => rewrite (sum_ext _ (fun r => h r - lam)) by
      (intros [|r] Hr; apply Rmax_right; [simpl; lra|]; assert (h n <= h (S r)); [|lra];
       destruct n as [|n']; [lia|]; apply Rmult_le_compat_l; [lra|]; rewrite !Rpower_Ropp;
       apply Rinv_le_contravar; [apply Rpower_pos | apply Rle_Rpower_l; [lra|]; split; [apply lt_0_INR; lia | apply le_INR; lia]]);
      rewrite sum_minus, sum_const; pose proof (sum_h n) as Hs; set (M := S n) in * end.
    (* the tangent of s^(1-b) at x *)
    all: assert (HM : 0 < INR M) by (apply lt_0_INR; unfold M; lia).
    all: pose proof (bernoulli (1 - b) (INR M / x - 1) ltac:(lra) ltac:(assert (0 < INR M / x) by (apply Rdiv_lt_0_compat; lra); lra)) as B.
    all: replace (1 + (INR M / x - 1)) with (INR M / x) in B by ring.
    all: assert (E : C * Rpower (INR M) (1 - b) = lam * x * Rpower (INR M / x) (1 - b))
      by (replace (INR M) with (INR M / x * x) at 1 by (field; lra);
          rewrite <- Rpower_mult_distr by (try apply Rdiv_lt_0_compat; lra); unfold lam; rewrite (power_down b x Hx); field; lra).
    all: assert (Q : C * Rpower (INR M) (1 - b) / (1 - b) <= lam * x * (1 + (1 - b) * (INR M / x - 1)) / (1 - b))
      by (rewrite E; apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; lra | apply Rmult_le_compat_l; [apply Rmult_le_pos; lra | easy]]).
    all: replace (lam * x * (1 + (1 - b) * (INR M / x - 1)) / (1 - b)) with (lam * x / (1 - b) + INR M * lam - lam * x) in Q by (field; lra); lra.
  Qed.

  Lemma influence_bound n : (1 <= n)%nat -> (tau + n < T)%nat -> u n <= C * Rpower (INR n) (- b).
  Proof.
    induction n as [n IH] using lt_wf_ind. intros Hn HT. pose proof gain_nonneg as Hg0. pose proof C_pos as HCp.
    destruct (row_by_lags n Hn HT) as (w & Hw & Hs & Hu). pose proof H as (_ & _ & _ & Hc & Hb & E).
    assert (Hnp : 0 < INR n) by (apply lt_0_INR; lia). set (x := INR n / c2). assert (Hx : 0 < x) by now apply Rdiv_lt_0_compat.
    set (lam := C * Rpower x (- b)). assert (Hlam : 0 < lam) by (apply Rmult_lt_0_compat; [easy | apply Rpower_pos]).
    assert (Elam : lam = C * Rpower (INR n) (- b) * Rpower c2 b).
    { unfold lam. assert (En : Rpower (INR n) (- b) = Rpower x (- b) * Rpower c2 (- b))
        by (rewrite Rpower_mult_distr by easy; f_equal; unfold x; field; lra).
      rewrite En, (Rpower_Ropp c2). pose proof (Rpower_pos c2 b). field. lra. }
    (* it is enough that the row holds at most lam / (1 - b) *)
    assert (R : sum (fun r => w r * u r) n <= lam / (1 - b)).
    { destruct (Rle_dec 1 lam) as [H1|H1].
      - apply Rle_trans with (sum w n).
        + apply sum_le. intros r Hr. destruct (Hw r Hr). pose proof (influence_at_most_1 r ltac:(lia)). assert (0 <= u r) by apply Rabs_pos. nra.
        + apply Rle_trans with lam; [lra|]. apply (Rmult_le_reg_r (1 - b)); [lra|].
          replace (lam / (1 - b) * (1 - b)) with lam by (field; lra). nra.
      - apply Rle_trans with (sum (fun r => w r * lam + / x * Rmax 0 (h r - lam)) n).
        + apply sum_le. intros r Hr. destruct (Hw r Hr) as [W0 W1].
          assert (Hur : u r <= h r).
          { destruct r as [|r]; [apply influence_at_most_1; lia | apply (IH (S r)); lia]. }
          assert (W : w r <= / x) by (replace (/ x) with (c2 / INR n) by (unfold x; field; lra); easy).
          pose proof (Rmax_l 0 (h r - lam)). pose proof (Rmax_r 0 (h r - lam)). nra.
        + rewrite sum_plus, sum_scal_r, sum_scal. destruct n as [|n]; [lia|].
          pose proof (above_level x n Hx ltac:(fold lam; lra)) as A. fold lam in A.
          apply (Rmult_le_compat_l (/ x)) in A; [|left; now apply Rinv_0_lt_compat].
          replace (/ x * (lam * x / (1 - b) - lam * x)) with (lam / (1 - b) - lam) in A by (field; lra). nra. }
    eapply Rle_trans; [exact Hu|]. apply Rle_trans with (gamma_max * (lam / (1 - b))); [now apply Rmult_le_compat_l|].
    right. rewrite Elam. replace (1 - b) with (gamma_max * Rpower c2 b) by lra. field.
    pose proof (Rpower_pos c2 b). split; [lra|]. intros G. rewrite G in E. lra.
  Qed.
End Decay.

(** ** The root *)

Lemma root_exists gamma_max c2 : 0 < gamma_max < 1 -> 1 <= c2 ->
  exists b, 0 < b < 1 /\ b + gamma_max * Rpower c2 b = 1
  /\ (forall b', b' + gamma_max * Rpower c2 b' = 1 -> b' = b)
  /\ 1 - gamma_max * c2 <= b /\ (b = 1 - gamma_max * c2 <-> c2 = 1).
Proof.
  intros Hg Hc. pose (f := fun x => x + gamma_max * exp (x * ln c2) - 1).
  assert (F0 : f 0 < 0) by (unfold f; rewrite Rmult_0_l, exp_0; lra).
  assert (F1 : 0 < f 1) by (unfold f; rewrite Rmult_1_l, exp_ln by lra; nra).
  destruct (IVT f 0 1) as [b [Hb Eb]]; [unfold f; reg | lra | easy | easy |].
  assert (E : b + gamma_max * Rpower c2 b = 1) by (unfold f in Eb; unfold Rpower; lra).
  assert (b <> 0) by (intros ->; lra). assert (b <> 1) by (intros ->; lra).
  exists b. split; [lra | split; [exact E | split; [|split; [|split]]]].
  - intros b' E'. destruct (Rtotal_order b' b) as [L|[L|L]]; [|easy|].
    + pose proof (Rpower_le_exponent c2 b' b ltac:(lra) ltac:(lra)). nra.
    + pose proof (Rpower_le_exponent c2 b b' ltac:(lra) ltac:(lra)). nra.
  - pose proof (Rpower_le_exponent c2 b 1 Hc ltac:(lra)) as P. rewrite Rpower_1 in P by lra. nra.
  - intros Eq. destruct Hc as [Hc|Hc]; [|easy]. pose proof (Rpower_lt c2 b 1 Hc ltac:(lra)) as P. rewrite Rpower_1 in P by lra. nra.
  - intros ->. assert (O : Rpower 1 b = 1) by (unfold Rpower; rewrite ln_1, Rmult_0_r; apply exp_0). rewrite O in E. lra.
Qed.

(** ** The bound with each of the three constants *)

Lemma row_sum_bounds gamma alpha gamma_max c2 tau y T b : ours_row_sum_exponent_hypotheses gamma alpha gamma_max c2 tau y T b ->
  forall l, (1 <= l)%nat -> (tau + l < T)%nat ->
  (forall z, minus_zeta b z -> Rabs (y (tau + l)%nat) <= / z * Rpower (INR l) (- b))
  /\ Rabs (y (tau + l)%nat) <= (1 - b) * Rpower 2 (1 - b) * Rpower (INR l) (- b)
  /\ Rabs (y (tau + l)%nat) <= 2 * Rpower (INR l) (- b).
Proof.
  intros H l Hl HT. pose proof H as (_ & _ & _ & _ & Hb & _).
  pose proof (Rpower_pos 2 (1 - b)) as P2. assert (HP : 0 < (1 - b) * Rpower 2 (1 - b)) by (apply Rmult_lt_0_compat; lra).
  assert (B : Rabs (y (tau + l)%nat) <= (1 - b) * Rpower 2 (1 - b) * Rpower (INR l) (- b)).
  { apply (influence_bound gamma alpha gamma_max c2 tau y T b H); try easy. intros N. pose proof (zeta_gap_lower b Hb N) as L.
    apply (Rmult_le_compat_l ((1 - b) * Rpower 2 (1 - b))) in L; [|lra]. rewrite Rinv_r in L; lra. }
  split; [|split; [exact B|]].
  - intros z Hz. pose proof (minus_zeta_lower b Hb z Hz) as L. assert (0 < / ((1 - b) * Rpower 2 (1 - b))) by now apply Rinv_0_lt_compat.
    apply (influence_bound gamma alpha gamma_max c2 tau y T b H); try easy. intros N. pose proof (minus_zeta_below b Hb z N Hz) as Z.
    apply (Rmult_le_compat_l (/ z)) in Z; [|left; apply Rinv_0_lt_compat; lra]. rewrite Rinv_l in Z; lra.
  - eapply Rle_trans; [exact B|]. apply Rmult_le_compat_r; [left; apply Rpower_pos|].
    assert (Rpower 2 (1 - b) <= Rpower 2 1) by (apply Rpower_le_exponent; lra). rewrite Rpower_1 in *; nra.
Qed.

Lemma zeta_constant b : 0 < b < 1 -> exists z, minus_zeta b z /\ 0 < / z <= (1 - b) * Rpower 2 (1 - b).
Proof.
  intros Hb. destruct (minus_zeta_exists b Hb) as [z Hz]. exists z. split; [exact Hz|].
  pose proof (minus_zeta_lower b Hb z Hz) as L. pose proof (Rpower_pos 2 (1 - b)).
  assert (HP : 0 < (1 - b) * Rpower 2 (1 - b)) by (apply Rmult_lt_0_compat; lra). pose proof (Rinv_0_lt_compat _ HP).
  split; [apply Rinv_0_lt_compat; lra|]. rewrite <- (Rinv_inv ((1 - b) * Rpower 2 (1 - b))). apply Rinv_le_contravar; lra.
Qed.
