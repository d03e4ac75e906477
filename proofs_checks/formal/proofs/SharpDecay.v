(** The bound that is exact in the source, the best constant that depends on eta alone, the row-sum identity, remarks. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Powers GammaLimit GammaFunction ImpulseResponse PolynomialDecay UniformRouting ClosedForms.
Open Scope R_scope.

(** Rows c2/t with all gains equal satisfy the hypotheses and attain the bound. *)
Lemma uniform_rows gamma_max c2 tau : 0 <= gamma_max -> 0 <= c2 -> exists y, forall T,
  decay_hypotheses (fun _ => gamma_max) (fun t _ => c2 / INR t) gamma_max c2 tau y T.
Proof.
  intros Hg Hc. destruct (response_exists (fun _ => gamma_max) (fun t _ => c2 / INR t) tau) as [y Hy].
  exists y. intros T. split; [apply Hy | split].
  - intros t j Hj. rewrite Rabs_pos_eq; [lra|]. apply Rdiv_le_0_compat; [easy | apply lt_0_INR; lia].
  - intros t _. rewrite Rabs_pos_eq; lra.
Qed.

Theorem ours_source_exact_holds : ours_source_exact.
Proof.
  split.
  - intros gamma alpha gamma_max c2 tau y T H t Ht. now apply (uniform_bound gamma alpha gamma_max c2 tau y T).
  - intros gamma_max c2 tau T Hg Hc. destruct (uniform_rows gamma_max c2 tau Hg Hc) as [y H].
    exists (fun _ => gamma_max), (fun t _ => c2 / INR t), y. split; [apply H|].
    destruct (H T) as [Hy _]. now apply uniform_response.
Qed.

Theorem ours_source_exact_instance : exists gamma alpha gamma_max c2 tau y T, ours_source_exact_hypotheses gamma alpha gamma_max c2 tau y T.
Proof. destruct (sample_hypotheses 3) as [y H]. exists sample_gain, sample_rows, (2 / 5), 2, 3%nat, y, 8%nat. apply H. Qed.

(** Gamma(1 + eta) e^eta >= (1 + eta)^(eta - 1) e^eta >= e^(eta^2) > 1. *)
Lemma smaller_constant eta : 0 < eta < 1 -> / Gamma eta < eta * exp eta.
Proof.
  intros He. pose proof (Gamma_pos eta ltac:(lra)) as HG. destruct (quotient_bounds eta 1 ltac:(lra) ltac:(lra)) as [L _].
  assert (G2 : Gamma (1 + 1) = 1) by (rewrite Gamma_plus_1, Gamma_1; lra). rewrite G2 in L. unfold Rdiv in L. rewrite Rinv_1, Rmult_1_r in L.
  rewrite (Rplus_comm 1 eta), Gamma_plus_1 in L by lra.
  apply (Rmult_lt_reg_l (Gamma eta)); [easy|]. rewrite Rinv_r by lra.
  assert (M : exp (eta * eta) <= Rpower (eta + 1) (eta - 1) * exp eta).
  { unfold Rpower. rewrite <- exp_plus. apply exp_le_incr. pose proof (ln_le_minus_1 (eta + 1) ltac:(lra)).
    assert ((1 - eta) * ln (eta + 1) <= (1 - eta) * eta) by (apply Rmult_le_compat_l; lra). lra. }
  assert (1 < exp (eta * eta)) by (rewrite <- exp_0; apply exp_increasing; nra). pose proof (exp_pos eta). nra.
Qed.

Lemma scaled_rises eta m n : 0 <= eta <= 1 -> (1 <= m <= n)%nat ->
  uniform_influence eta 0 m * Rpower (INR m) (1 - eta) <= uniform_influence eta 0 n * Rpower (INR n) (1 - eta).
Proof.
  intros He [Hm Hn]. induction Hn as [|n Hn IH]; [lra|]. eapply Rle_trans; [exact IH|].
  pose proof (INR_ge_1 n ltac:(lia)). pose proof (growth_ge_1 eta 0 n ltac:(lra) ltac:(lia)).
  replace (uniform_influence eta 0 (S n) * Rpower (INR (S n)) (1 - eta))
    with (uniform_influence eta 0 n * ((INR n + eta) / (INR n + 1) * Rpower (INR n + 1) (1 - eta)))
    by (unfold uniform_influence; rewrite growth_S, S_INR by lia; field; lra).
  apply Rmult_le_compat_l; [|apply power_step; lra]. apply Rmult_le_pos; [apply Rdiv_le_0_compat|]; lra.
Qed.

Theorem ours_best_tail_constant_holds : ours_best_tail_constant.
Proof.
  split; [|split].
  - intros gamma alpha gamma_max c2 tau y T [H He] eta l Hl HT. fold eta in He.
    pose proof (uniform_bound _ _ _ _ _ _ _ H (tau + l) ltac:(lia)) as U. fold eta in U.
    split; [|split]; (eapply Rle_trans; [exact U|]).
    + right. apply influence_closed_form; (lra || lia).
    + now apply influence_upper.
    + eapply Rle_trans; [apply falls_with_the_source; [lra | easy]|].
      assert (Hp : 0 < INR l) by (apply lt_0_INR; lia). rewrite <- (over_power (uniform_influence eta 0 l) (INR l) (1 - eta) Hp).
      apply Rmult_le_compat_r; [left; apply Rpower_pos|]. rewrite <- influence_closed_form by (lra || lia). apply scaled_rises; [lra | lia].
  - intros gamma_max c2 tau Hg Hc eta. destruct (uniform_rows gamma_max c2 tau ltac:(lra) ltac:(lra)) as [y H].
    exists (fun t _ => c2 / INR t), y. split; [|split; [|split]].
    + intros [|t] _; [simpl; unfold Rdiv; rewrite Rinv_0; lra | apply Rdiv_le_0_compat; [lra | apply lt_0_INR; lia]].
    + intros t Ht. apply INR_ge_1 in Ht. rewrite sum_const. replace (INR t * (c2 / INR t)) with c2 by (field; lra). lra.
    + intros T. split; [apply H | nra].
    + intros t Ht. destruct (H (S t)) as [Hy _]. rewrite (uniform_response gamma_max c2 tau y (S t) Hy) by lia.
      apply influence_closed_form; [unfold eta; nra | easy].
  - intros eta He. split; [now apply smaller_constant|]. intros C HC. destruct (constant_is_approached eta C He HC) as [l [Hl HL]].
    destruct (uniform_rows eta 1 0 ltac:(lra) ltac:(lra)) as [y H]. exists l, y. split; [easy|]. split; [apply H|].
    destruct (H (S l)) as [Hy _]. rewrite (uniform_response eta 1 0 y (S l) Hy) by lia. now rewrite Rmult_1_r.
Qed.

Theorem ours_best_tail_constant_instance : exists gamma alpha gamma_max c2 tau y T,
  ours_best_tail_constant_hypotheses gamma alpha gamma_max c2 tau y T.
Proof. destruct (sample_hypotheses 3) as [y H]. exists sample_gain, sample_rows, (2 / 5), 2, 3%nat, y, 8%nat. split; [apply H | lra]. Qed.

(** ** The row-sum identity *)

(** K (1 - gamma) and 1 solve the same triangular system. *)
Theorem ours_row_sum_identity_holds : ours_row_sum_identity.
Proof.
  intros gamma alpha K T (HK & Ha & H0).
  assert (Zero : forall k t, (t < k < T)%nat -> K t k = 0)
    by (intros k t Ht; apply (before_the_source gamma alpha k (fun t => K t k) T t (HK k ltac:(lia))); lia).
  assert (I : forall t, (t < T)%nat -> sum (fun k => K t k * (1 - gamma k)) T = 1).
  { intros t. induction t as [t IH] using (well_founded_induction Wf_nat.lt_wf). intros Ht.
    rewrite (sum_ext _ (fun k => (if Nat.eqb t k then 1 else 0) * (1 - gamma k)
                                 + gamma t * sum (fun j => alpha t j * (K j k * (1 - gamma k))) t)).
    2:{ intros k Hk. rewrite (HK k Hk t Ht).
        rewrite (sum_ext (fun j => alpha t j * (K j k * (1 - gamma k))) (fun j => alpha t j * K j k * (1 - gamma k))) by (intros; ring).
        rewrite sum_scal_r. ring. }
    rewrite sum_plus, sum_scal, sum_swap, (sum_single _ T t), Nat.eqb_refl by
      (easy || (intros k Hk Hn; destruct (Nat.eqb_spec t k); [congruence | ring])).
    rewrite (sum_ext (fun j => sum (fun k => alpha t j * (K j k * (1 - gamma k))) T) (alpha t))
      by (intros j Hj; rewrite sum_scal, IH by lia; ring).
    destruct t as [|t]; [simpl; rewrite H0; ring | rewrite (Ha (S t)) by lia; ring]. }
  intros t Ht. assert (J : sum (fun k => K t k * (1 - gamma k)) (S t) = 1).
  { transitivity (sum (fun k => K t k * (1 - gamma k)) T); [symmetry; apply sum_truncate; [lia|] | now apply I]. intros k Hk. rewrite Zero by lia. ring. }
  split; [exact J|]. intros gamma_max Hm Hg Hn.
  assert (Pos : forall k s, (k < T)%nat -> (s < T)%nat -> 0 <= K s k).
  { intros k s Hk. induction s as [s IH] using (well_founded_induction Wf_nat.lt_wf). intros Hs. rewrite (HK k Hk s Hs).
    assert (0 <= sum (fun j => alpha s j * K j k) s)
      by (apply sum_nonneg; intros j Hj; apply Rmult_le_pos; [apply Hn; lia | apply IH; lia]).
    destruct (Hg s Hs). assert (0 <= gamma s * sum (fun j => alpha s j * K j k) s) by now apply Rmult_le_pos.
    destruct (Nat.eqb s k); lra. }
  apply (Rmult_le_reg_l (1 - gamma_max)); [lra|]. rewrite Rinv_r by lra.
  apply Rle_trans with (sum (fun k => K t k * (1 - gamma k)) (S t)); [rewrite <- sum_scal | lra].
  apply sum_le. intros k Hk. specialize (Pos k t ltac:(lia) Ht). destruct (Hg k ltac:(lia)). nra.
Qed.

Lemma sample_row_sum t : (1 <= t)%nat -> sum (sample_rows t) t = 1.
Proof.
  intros Ht. assert (E : forall n, sum (fun j => INR (j + 1)) n = INR n * (INR n + 1) / 2).
  { induction n as [|n IH]; [simpl; lra|]. cbn [sum]. rewrite IH, !S_INR, plus_INR. simpl. lra. }
  apply INR_ge_1 in Ht. rewrite (sum_ext _ (fun j => 2 / (INR t * INR (t + 1)) * INR (j + 1)))
    by (intros; unfold sample_rows, Rdiv; ring).
  rewrite sum_scal, E, plus_INR. simpl (INR 1). field. lra.
Qed.

Theorem ours_row_sum_identity_instance : exists gamma alpha K T, ours_row_sum_identity_hypotheses gamma alpha K T.
Proof.
  pose (gain := fun t => if Nat.eqb t 0 then 0 else sample_gain t).
  exists gain, sample_rows, (fun t k => substitute gain sample_rows k (S t) t), 8%nat. split; [|split; [|reflexivity]].
  - intros k _ t _. apply (row_ext gain sample_rows k). intros j Hj. apply substitute_stable; lia.
  - intros t Ht. apply sample_row_sum; lia.
Qed.

(** ** Remarks *)

Theorem rem_E_1_holds : rem_E_1.
Proof.
  split.
  - intros alpha c2 t T Ht Ha <-. assert (H1 : 0 < INR t) by (apply lt_0_INR; lia).
    replace c2 with (sum (fun _ => c2 / INR t) t) by (rewrite sum_const; field; lra).
    apply sum_le. intros j Hj. eapply Rle_trans; [apply Rle_abs | apply Ha; lia].
  - intros c2 Hc. (* all weight that the envelope allows, up to 1, on token 0 *)
    exists (fun t j => if Nat.eqb j 0 then Rmin 1 (c2 / INR t) else 0).
    assert (Pos : forall t, (1 <= t)%nat -> 0 <= c2 / INR t) by (intros; apply Rdiv_le_0_compat; [lra | apply lt_0_INR; lia]).
    split; [|split; [|split]].
    + intros t j. destruct (Nat.eqb j 0); [|lra]. destruct t as [|t]; [|apply Rmin_glb; [lra | apply Pos; lia]].
      simpl. unfold Rdiv. rewrite Rinv_0, Rmult_0_r. apply Rmin_glb; lra.
    + intros t Ht. rewrite (sum_single _ t 0) by (easy || (intros [|i] _ Hi; [congruence | reflexivity])). apply Rmin_l.
    + intros T t j Hj. destruct (Nat.eqb j 0); [|rewrite Rabs_R0; apply Pos; lia].
      rewrite Rabs_pos_eq by (apply Rmin_glb; [lra | apply Pos; lia]). apply Rmin_r.
    + intros c Hd. destruct (nfloor_ex c2) as [n Hn]; [lra|]. assert (H1 : 0 < INR (S n)) by (apply lt_0_INR; lia).
      specialize (Hd (S (S n)) (S n) O ltac:(lia)). change (Rabs (Rmin 1 (c2 / INR (S n))) <= c / INR (S n)) in Hd.
      assert (Hs : c2 / INR (S n) <= 1) by (apply Rle_div_l; rewrite ?S_INR; lra).
      rewrite Rmin_right, Rabs_pos_eq in Hd by (easy || apply Pos; lia).
      apply (Rmult_le_compat_r (INR (S n))) in Hd; [|lra]. replace (c2 / INR (S n) * INR (S n)) with c2 in Hd by (field; lra).
      replace (c / INR (S n) * INR (S n)) with c in Hd by (field; lra). easy.
Qed.

Theorem rem_B_1_holds : rem_B_1.
Proof.
  split; [|split].
  - intros t Ht. apply INR_ge_1 in Ht. rewrite plus_INR. simpl (INR 1). split.
    + unfold Rdiv. apply Rmult_le_compat_l; [lra|]. apply Rinv_le_contravar; lra.
    + apply Rle_div_l; [lra|]. replace (2 / (INR t + 1) * INR t) with (1 + (INR t - 1) / (INR t + 1)) by (field; lra).
      assert (0 <= (INR t - 1) / (INR t + 1)) by (apply Rdiv_le_0_compat; lra). lra.
  - intros c H. specialize (H 1%nat (Nat.le_refl _)).
    replace (1 / INR 1) with 1 in H by (simpl; field). replace (c / INR (1 + 1)) with (c / 2) in H by (simpl; field). lra.
  - intros c H. apply le_epsilon. intros e He. destruct (nfloor_ex (/ e)) as [n Hn]; [left; now apply Rinv_0_lt_compat|].
    specialize (H (S n) ltac:(lia)). rewrite plus_INR, S_INR in H. simpl (INR 1) in H. pose proof (pos_INR n).
    apply (Rmult_le_compat_r (INR n + 1 + 1)) in H; [|lra]. replace (c / (INR n + 1 + 1) * (INR n + 1 + 1)) with c in H by (field; lra).
    replace (1 / (INR n + 1) * (INR n + 1 + 1)) with (1 + / (INR n + 1)) in H by (field; lra).
    assert (/ (INR n + 1) <= e) by (rewrite <- (Rinv_inv e); apply Rinv_le_contravar; [now apply Rinv_0_lt_compat | lra]). lra.
Qed.

Theorem rem_4_5_holds : rem_4_5.
Proof.
  split; [|split].
  - intros g Hg. exists (fun _ j => if Nat.eqb j 0 then 1 else 0), (fun t => if Nat.eqb t 0 then 1 else g).
    assert (E : forall f t, (1 <= t)%nat -> sum (fun j => (if Nat.eqb j 0 then 1 else 0) * f j) t = f O).
    { intros f t Ht. rewrite (sum_single _ t 0) by (easy || (intros [|i] _ Hi; [congruence | simpl; ring])). simpl. ring. }
    split; [|split; [|split]].
    + intros t j. destruct (Nat.eqb j 0); lra.
    + intros t Ht. rewrite (sum_ext _ (fun j => (if Nat.eqb j 0 then 1 else 0) * 1)) by (intros; ring). now rewrite (E (fun _ => 1)).
    + intros T [|t] _; [simpl; ring|]. rewrite E by lia. simpl. ring.
    + intros [|t] Ht; [lia | reflexivity].
  - intros g c2 Hg Hc. assert (Hc2 : 0 <= c2) by (destruct (Rle_dec 0 c2); [easy | nra]).
    destruct (uniform_rows g c2 0 ltac:(lra) Hc2) as [y H]. exists y. split; [exact H|].
    assert (E : forall t, (1 <= t)%nat -> y t = uniform_influence (g * c2) 0 t)
      by (intros t Ht; destruct (H (S t)) as [Hy _]; apply (uniform_response g c2 0 y (S t) Hy); lia).
    assert (Step : forall t, (1 <= t)%nat -> 0 <= y t -> y t <= y (S t)).
    { intros t Ht Hp. rewrite (E (S t)) by lia. rewrite E in * by easy. pose proof (INR_ge_1 t Ht).
      replace (uniform_influence (g * c2) 0 (S t)) with (uniform_influence (g * c2) 0 t * (1 + (g * c2 - 1) / (INR t + 1)))
        by (unfold uniform_influence; rewrite growth_S, S_INR by lia; field; lra).
      assert (0 <= (g * c2 - 1) / (INR t + 1)) by (apply Rdiv_le_0_compat; lra). nra. }
    intros t Ht. assert (L : g * c2 <= y t).
    { induction Ht as [|t Ht IH]; [|pose proof (Step t Ht); lra].
      rewrite E by lia. unfold uniform_influence. rewrite growth_start. simpl INR. lra. }
    split; [easy | apply Step; [easy | lra]].
  - intros gamma tau y Hg Hy. eexists _, _. split; [|intros l Hl; apply (theta gamma y tau tau l Hg Hy (Nat.le_refl _) Hl)].
    pose proof (source_factor_pos gamma tau ltac:(lra)). apply Rmult_lt_0_compat; [apply Rpower_pos | nra].
Qed.
