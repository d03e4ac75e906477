(** Convolutions of power laws: B.6, G.1 and Theorem 30. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Vectors Powers PowerLaws.
Open Scope R_scope.

(** (l - m)(m + 1) = (l + 1) / (1/(l - m) + 1/(m + 1)): both sums are harmonic, and the constant 2 serves. *)
Lemma convolution_with_harmonic beta tau lag : 0 <= beta <= 1 -> (1 <= lag)%nat ->
  sum (fun m => Rpower (INR (lag - m)) (- beta) * / INR (tau + m + 1)) lag
  <= 2 * Rpower (INR lag) (- beta) * (1 + ln (1 + INR lag)).
Proof.
  intros Hb Hlag. pose proof (INR_pos lag Hlag) as L1.
  set (c := Rpower (INR lag) (1 - beta) / (INR lag + 1)).
  assert (C0 : 0 < c) by (apply Rdiv_lt_0_compat; [apply Rpower_pos | lra]).
  apply Rle_trans with (sum (fun m => c * (/ INR (lag - m) + / INR (S m))) lag).
  - apply sum_le. intros m Hm.
    pose proof (INR_pos (lag - m) ltac:(lia)) as P. pose proof (INR_pos (S m) ltac:(lia)) as Q.
    assert (E : INR (lag - m) + INR (S m) = INR lag + 1) by (rewrite minus_INR, S_INR by lia; lra).
    apply Rle_trans with (Rpower (INR (lag - m)) (- beta) * / INR (S m)).
    { apply Rmult_le_compat_l; [left; apply Rpower_pos|]. apply Rinv_le_contravar; [lra|]. apply le_INR; lia. }
    replace (- beta) with (1 - beta - 1) by ring.
    replace (Rpower (INR (lag - m)) (1 - beta - 1)) with (Rpower (INR (lag - m)) (1 - beta) * / INR (lag - m))
      by (rewrite <- (Rpower_S (INR (lag - m)) (1 - beta)) by lra; field; lra).
    replace (c * (/ INR (lag - m) + / INR (S m))) with (Rpower (INR lag) (1 - beta) * (/ INR (lag - m) * / INR (S m)))
      by (unfold c; rewrite <- E; field; lra).
    rewrite Rmult_assoc. apply Rmult_le_compat_r.
    + left. apply Rmult_lt_0_compat; apply Rinv_0_lt_compat; lra.
    + apply Rle_Rpower_l; [lra|]. split; [lra | apply le_INR; lia].
  - rewrite sum_scal, sum_plus.
    replace (sum (fun m => / INR (lag - m)) lag) with (harmonic lag)
      by (unfold harmonic; rewrite <- sum_rev; apply sum_ext; intros; do 2 f_equal; lia).
    fold (harmonic lag). pose proof (harmonic_le lag Hlag). pose proof (proj2 (ln_lag lag Hlag)).
    assert (c <= Rpower (INR lag) (- beta)).
    { unfold c. rewrite <- (Rpower_S (INR lag) (1 - beta)) by lra. replace (1 - beta - 1) with (- beta) by ring.
      apply Rmult_le_reg_r with (INR lag + 1); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra.
      pose proof (Rpower_pos (INR lag) (- beta)). nra. }
    assert (0 <= harmonic lag) by (apply sum_nonneg; intros; left; apply Rinv_0_lt_compat, lt_0_INR; lia).
    replace (2 * Rpower (INR lag) (- beta) * (1 + ln (1 + INR lag))) with (Rpower (INR lag) (- beta) * (2 * (1 + ln (1 + INR lag)))) by ring.
    apply Rmult_le_compat; lra.
Qed.

Theorem ours_convolution_bound_holds : ours_convolution_bound.
Proof. intros beta tau lag. apply convolution_with_harmonic. Qed.

Theorem lem_B_6_holds : lem_B_6.
Proof.
  intros beta tau lag Hb Hlag. eapply Rle_trans; [apply convolution_with_harmonic; [lra|easy]|].
  pose proof (proj1 (ln_lag lag Hlag)). pose proof ln_2_pos.
  apply Rmult_le_compat_r; [lra|]. apply Rmult_le_compat_r; [left; apply Rpower_pos|].
  assert (1 <= Rpower 2 beta) by (rewrite <- (Rpower_O 2) by lra; apply Rle_Rpower; lra).
  assert (1 <= / (1 - beta)) by (rewrite <- Rinv_1; apply Rinv_le_contravar; lra).
  unfold Rdiv. nra.
Qed.

Notation power_law s := (fun m => Rpower (INR m) (s - 1)).

(** n (n-m)^(s-1) m^(r-1) = (n-m)^s m^(r-1) + (n-m)^(s-1) m^r, and each first factor is at most n^s or n^r. *)
Lemma conv_upper s r n : 0 < s -> 0 < r -> (1 <= n)%nat ->
  conv (power_law s) (power_law r) n <= (upper_factor s + upper_factor r) * Rpower (INR n) (s + r - 1).
Proof.
  intros Hs Hr Hn. pose proof (INR_pos n Hn) as N1. pose proof (upper_factor_pos s). pose proof (upper_factor_pos r).
  destruct (Nat.eq_dec n 1) as [->|Hn1].
  { unfold conv; simpl. apply Rmult_le_pos; [lra | left; apply Rpower_pos]. }
  apply Rmult_le_reg_l with (INR n); [lra|].
  apply Rle_trans with (sum (fun i => Rpower (INR n) s * Rpower (INR (S i)) (r - 1)) (n - 1)
                        + sum (fun i => Rpower (INR n) r * Rpower (INR (n - S i)) (s - 1)) (n - 1)).
  - rewrite <- sum_plus. unfold conv. rewrite <- sum_scal. apply sum_le. intros i Hi.
    pose proof (INR_pos (n - S i) ltac:(lia)) as P. pose proof (INR_pos (S i) ltac:(lia)) as Q.
    pose proof (Rpower_pos (INR (n - S i)) (s - 1)) as P'. pose proof (Rpower_pos (INR (S i)) (r - 1)) as Q'.
    assert (A : INR (n - S i) * Rpower (INR (n - S i)) (s - 1) <= Rpower (INR n) s).
    { rewrite Rpower_S by lra. apply Rle_Rpower_l; [lra|]. split; [lra | apply le_INR; lia]. }
    assert (B : INR (S i) * Rpower (INR (S i)) (r - 1) <= Rpower (INR n) r).
    { rewrite Rpower_S by lra. apply Rle_Rpower_l; [lra|]. split; [lra | apply le_INR; lia]. }
    replace (INR n) with (INR (n - S i) + INR (S i)) at 1 by (rewrite minus_INR by lia; lra). nra.
  - rewrite !sum_scal.
    replace (sum (fun i => Rpower (INR (n - S i)) (s - 1)) (n - 1)) with (sum (fun i => Rpower (INR (S i)) (s - 1)) (n - 1))
      by (symmetry; rewrite <- sum_rev; apply sum_ext; intros; do 2 f_equal; lia).
    assert (Sum : forall u, 0 < u -> sum (fun i => Rpower (INR (S i)) (u - 1)) (n - 1) <= upper_factor u * Rpower (INR n) u).
    { intros u Hu. eapply Rle_trans; [apply power_sum_upper; [easy|lia]|].
      apply Rmult_le_compat_l; [left; apply upper_factor_pos|].
      apply Rle_Rpower_l; [lra|]. split; [apply lt_0_INR; lia | apply le_INR; lia]. }
    pose proof (Sum s Hs) as As. pose proof (Sum r Hr) as Ar.
    apply (Rmult_le_compat_l (Rpower (INR n) r)) in As; [|left; apply Rpower_pos].
    apply (Rmult_le_compat_l (Rpower (INR n) s)) in Ar; [|left; apply Rpower_pos].
    replace (INR n * ((upper_factor s + upper_factor r) * Rpower (INR n) (s + r - 1)))
      with ((upper_factor s + upper_factor r) * (INR n * Rpower (INR n) (s + r - 1))) by ring.
    rewrite Rpower_S, Rpower_plus by lra. lra.
Qed.

(** From below: the lags m = 1, ..., h with h at most n/2, where n - m is comparable to n. *)
Lemma half_power s n m : (2 * m <= n)%nat -> (1 <= n)%nat -> (m < n)%nat ->
  Rmin 1 (Rpower (1 / 2) (s - 1)) * Rpower (INR n) (s - 1) <= Rpower (INR (n - m)) (s - 1).
Proof.
  intros Hm Hn Hmn. pose proof (INR_pos n Hn). pose proof (INR_pos (n - m) ltac:(lia)).
  destruct (Rle_dec 0 (s - 1)) as [Hs|Hs].
  - apply Rle_trans with (Rpower (1 / 2) (s - 1) * Rpower (INR n) (s - 1)).
    + apply Rmult_le_compat_r; [left; apply Rpower_pos | apply Rmin_r].
    + rewrite Rpower_mult_distr by lra. apply Rle_Rpower_l; [easy|]. split; [lra|].
      assert (INR n <= INR (2 * (n - m))) by (apply le_INR; lia). rewrite mult_INR in H1. simpl INR in H1 at 2. lra.
  - apply Rle_trans with (1 * Rpower (INR n) (s - 1)).
    + apply Rmult_le_compat_r; [left; apply Rpower_pos | apply Rmin_l].
    + rewrite Rmult_1_l. apply Rpower_anti; [lra|]. split; [lra | apply le_INR; lia].
Qed.

Definition conv_lower_factor (s r : R) (D : nat) : R :=
  Rmin 1 (Rpower (1 / 2) (s - 1)) * (lower_factor r * Rpower (/ INR D) r).

Lemma conv_lower_factor_pos s r D : 0 < r -> 0 < conv_lower_factor s r D.
Proof.
  intros Hr. apply Rmult_lt_0_compat; [apply Rmin_glb_lt; [lra | apply Rpower_pos]|].
  apply Rmult_lt_0_compat; [now apply lower_factor_pos | apply Rpower_pos].
Qed.

Lemma conv_lower a alpha s r n h D : 0 < r -> 0 <= alpha -> (1 <= h)%nat -> (2 * h <= n)%nat -> (n <= D * h)%nat ->
  (forall m, (1 <= m)%nat -> 0 <= a m) ->
  (forall m, (n - h <= m)%nat -> (m < n)%nat -> alpha * Rpower (INR m) (s - 1) <= a m) ->
  alpha * conv_lower_factor s r D * Rpower (INR n) (s + r - 1) <= conv a (power_law r) n.
Proof.
  intros Hr Halpha Hh H2h HD Hpos Ha. pose proof (INR_pos n ltac:(lia)). pose proof (INR_pos h Hh).
  assert (D1 : 1 <= INR D) by (apply INR_pos; destruct D; lia).
  set (c := Rmin 1 (Rpower (1 / 2) (s - 1))). assert (C0 : 0 < c) by (apply Rmin_glb_lt; [lra | apply Rpower_pos]).
  set (f := fun i => a (n - S i)%nat * Rpower (INR (S i)) (r - 1)).
  (* the first h terms *)
  assert (First : forall k, (h + k <= n - 1)%nat -> sum f h <= sum f (h + k)).
  { induction k as [|k IH]; intros Hk; [rewrite Nat.add_0_r; lra|]. rewrite Nat.add_succ_r. cbn [sum].
    specialize (IH ltac:(lia)). assert (0 <= f (h + k)%nat); [|lra].
    apply Rmult_le_pos; [apply Hpos; lia | left; apply Rpower_pos]. }
  specialize (First (n - 1 - h)%nat ltac:(lia)). replace (h + (n - 1 - h))%nat with (n - 1)%nat in First by lia.
  eapply Rle_trans; [|exact First].
  apply Rle_trans with (sum (fun i => alpha * (c * Rpower (INR n) (s - 1)) * Rpower (INR (S i)) (r - 1)) h).
  - rewrite sum_scal. unfold conv_lower_factor. fold c.
    replace (s + r - 1) with ((s - 1) + r) by ring. rewrite Rpower_plus.
    replace (alpha * (c * (lower_factor r * Rpower (/ INR D) r)) * (Rpower (INR n) (s - 1) * Rpower (INR n) r))
      with (alpha * (c * Rpower (INR n) (s - 1)) * (lower_factor r * (Rpower (/ INR D) r * Rpower (INR n) r))) by ring.
    apply Rmult_le_compat_l; [apply Rmult_le_pos; [easy|]; apply Rmult_le_pos; [lra | left; apply Rpower_pos]|].
    eapply Rle_trans; [|now apply power_sum_lower].
    apply Rmult_le_compat_l; [left; now apply lower_factor_pos|].
    rewrite Rpower_mult_distr by (try apply Rinv_0_lt_compat; lra).
    apply Rle_Rpower_l; [lra|]. assert (I : 0 < / INR D) by (apply Rinv_0_lt_compat; lra).
    split; [apply Rmult_lt_0_compat; lra|]. apply Rmult_le_reg_l with (INR D); [lra|].
    rewrite <- Rmult_assoc, Rinv_r, Rmult_1_l, <- mult_INR by lra. now apply le_INR.
  - apply sum_le. intros i Hi. unfold f. apply Rmult_le_compat_r; [left; apply Rpower_pos|].
    eapply Rle_trans; [|apply Ha; lia]. apply Rmult_le_compat_l; [easy|]. apply half_power; lia.
Qed.

Theorem lem_G_1_holds : lem_G_1.
Proof.
  intros s r Hs Hr. exists (conv_lower_factor s r 3), (upper_factor s + upper_factor r).
  pose proof (upper_factor_pos s). pose proof (upper_factor_pos r).
  split; [now apply conv_lower_factor_pos|]. split; [lra|]. intros n Hn. split; [|apply conv_upper; [easy|easy|lia]].
  pose proof (Nat.div_mod n 2 ltac:(lia)). pose proof (Nat.mod_upper_bound n 2 ltac:(lia)).
  rewrite <- (Rmult_1_l (conv_lower_factor s r 3)).
  apply (conv_lower (power_law s) 1 s r n (n / 2) 3); try lia; try lra.
  - intros m _. left; apply Rpower_pos.
  - intros m _ _. lra.
Qed.

Lemma conv_nonneg a b n : (forall m, (1 <= m)%nat -> 0 <= a m) -> (forall m, (1 <= m)%nat -> 0 <= b m) -> 0 <= conv a b n.
Proof. intros Ha Hb. apply sum_nonneg. intros i Hi. apply Rmult_le_pos; [apply Ha; lia | apply Hb; lia]. Qed.

Lemma conv_power_SS a k : conv_power a (S (S k)) = conv (conv_power a (S k)) a.
Proof. easy. Qed.

Lemma conv_power_nonneg a k n : (forall m, (1 <= m)%nat -> 0 <= a m) -> (1 <= n)%nat -> 0 <= conv_power a k n.
Proof.
  intros Ha. revert n. induction k as [|k IH]; intros n Hn; [simpl; lra|].
  destruct k as [|k]; [now apply Ha|]. rewrite conv_power_SS. apply conv_nonneg; auto.
Qed.

Lemma conv_le a a' b n : (forall m, (1 <= m)%nat -> a m <= a' m) -> (forall m, (1 <= m)%nat -> 0 <= b m) ->
  conv a b n <= conv a' b n.
Proof. intros Ha Hb. apply sum_le. intros i Hi. apply Rmult_le_compat_r; [apply Hb; lia | apply Ha; lia]. Qed.

Theorem thm_30_holds : thm_30.
Proof.
  intros beta k Hb Hk. set (s := 1 - beta). replace (- beta) with (s - 1) by (unfold s; ring).
  assert (Hs : 0 < s) by (unfold s; lra).
  assert (Pos : forall m, (1 <= m)%nat -> 0 <= Rpower (INR m) (s - 1)) by (intros; left; apply Rpower_pos).
  (* the upper bound holds from n = 1 on, the lower one from n = k on *)
  enough (B : exists c C, 0 < c /\ 0 < C /\ forall n, (1 <= n)%nat ->
    conv_power (power_law s) k n <= C * Rpower (INR n) (INR k * s - 1)
    /\ ((k <= n)%nat -> c * Rpower (INR n) (INR k * s - 1) <= conv_power (power_law s) k n)).
  { destruct B as (c & C & Hc & HC & B). exists c, C. split; [easy|]. split; [easy|]. intros n Hn.
    destruct (B n ltac:(lia)). split; auto. }
  induction Hk as [|k Hk IH].
  - exists 1, 1. repeat split; try lra; simpl; replace (1 * s - 1) with (s - 1) by ring; lra.
  - destruct IH as (c & C & Hc & HC & B). destruct k as [|k0]; [lia|]. set (k := S k0) in *.
    assert (Hks : 0 < INR k * s) by (apply Rmult_lt_0_compat; [apply lt_0_INR; lia | easy]).
    pose proof (upper_factor_pos (INR k * s)). pose proof (upper_factor_pos s).
    exists (c * conv_lower_factor (INR k * s) s (2 * S k)), (C * (upper_factor (INR k * s) + upper_factor s)).
    split; [apply Rmult_lt_0_compat; [easy | now apply conv_lower_factor_pos]|].
    split; [apply Rmult_lt_0_compat; lra|]. intros n Hn. unfold k at 1 4. rewrite conv_power_SS. fold k.
    replace (INR (S k) * s - 1) with (INR k * s + s - 1) by (rewrite S_INR; ring). split.
    + apply Rle_trans with (conv (fun m => C * Rpower (INR m) (INR k * s - 1)) (power_law s) n).
      * apply conv_le; [|exact Pos]. intros m Hm. now apply B.
      * unfold conv. rewrite (sum_ext _ (fun i => C * (Rpower (INR (n - S i)) (INR k * s - 1) * Rpower (INR (S i)) (s - 1))))
          by (intros; ring). rewrite sum_scal, Rmult_assoc. apply Rmult_le_compat_l; [lra|]. now apply conv_upper.
    + intros Hkn. assert (D : (n / S k * S k <= n)%nat) by (rewrite Nat.mul_comm; apply Nat.mul_div_le; lia).
      assert (D1 : (1 <= n / S k)%nat) by (apply Nat.div_le_lower_bound; lia).
      assert (D2 : (n < S k * S (n / S k))%nat) by (apply Nat.mul_succ_div_gt; lia).
      apply (conv_lower _ c (INR k * s) s n (n / S k)); try lra; try nia.
      * intros m Hm. now apply conv_power_nonneg.
      * intros m Hm Hmn. apply B; nia.
Qed.

