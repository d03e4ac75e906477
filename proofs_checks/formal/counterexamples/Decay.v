(** Bent statements on polynomial decay are false. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Powers ImpulseResponse PolynomialDecay ClosedForms SharpDecay JacobianRecursion.
Open Scope R_scope.

Lemma power_of_square x n : 0 < x -> INR n = x * x -> Rpower (INR n) (1 / 2) = x.
Proof. intros Hx ->. replace (1 / 2) with (/ 2) by field. rewrite Rpower_sqrt by nra. apply sqrt_square. lra. Qed.

Lemma exp_half_below_3 : exp (1 / 2) < 3.
Proof. apply Rlt_le_trans with (exp 1); [apply exp_increasing; lra | apply exp_le_3]. Qed.

(** Theorem 28 with the exponent eta - 2: uniform routing with gain 1/2 is above it at t = 4. *)
Theorem thm_28_exponent_false :
  ~ (forall gamma alpha gamma_max c2 y, thm_28_hypotheses gamma alpha gamma_max c2 y ->
     let eta := gamma_max * c2 in
     (forall t, (1 <= t)%nat -> Rabs (y t) <= eta * exp eta * Rpower (INR t) (- (2 - eta))) /\ (eta < 1 -> is_lim_seq y 0)).
Proof.
  intros B. destruct (uniform_rows (1 / 2) 1 0 ltac:(lra) ltac:(lra)) as [y H].
  destruct (B _ _ _ _ y H) as [B' _]; clear B. rename B' into B. specialize (B 4%nat ltac:(lia)). destruct (H 5%nat) as [Hy _].
  rewrite (uniform_response (1 / 2) 1 0 y 5 Hy) in B by lia. replace (1 / 2 * 1) with (1 / 2) in B by ring.
  replace (- (2 - 1 / 2)) with (- (1 + 1 / 2)) in B by field. rewrite Rpower_Ropp, Rpower_plus, Rpower_1 in B by (simpl; lra).
  rewrite (power_of_square 2 4) in B by (simpl; lra). unfold uniform_influence in B.
  rewrite !growth_S, growth_start in B by lia. simpl in B. pose proof exp_half_below_3. rewrite Rabs_pos_eq in B by lra.
  replace (1 / 2 / (1 + 1 + 1 + 1)) with (1 / 8) in B by field. replace (1 / 2 / 1) with (1 / 2) in B by field.
  replace (1 / 2 / (1 + 1)) with (1 / 4) in B by field. replace (1 / 2 / (1 + 1 + 1)) with (1 / 6) in B by field.
  replace (/ ((1 + 1 + 1 + 1) * 2)) with (1 / 8) in B by field. lra.
Qed.

(** Theorem 28 with the constant eta: gain 1/2, t = 2. *)
Theorem thm_28_constant_false :
  ~ (forall gamma alpha gamma_max c2 y, thm_28_hypotheses gamma alpha gamma_max c2 y ->
     let eta := gamma_max * c2 in
     (forall t, (1 <= t)%nat -> Rabs (y t) <= eta * Rpower (INR t) (- (1 - eta))) /\ (eta < 1 -> is_lim_seq y 0)).
Proof.
  intros B. destruct (uniform_rows (1 / 2) 1 0 ltac:(lra) ltac:(lra)) as [y H].
  destruct (B _ _ _ _ y H) as [B' _]; clear B. rename B' into B. specialize (B 2%nat ltac:(lia)). destruct (H 3%nat) as [Hy _].
  rewrite (uniform_response (1 / 2) 1 0 y 3 Hy) in B by lia. replace (1 / 2 * 1) with (1 / 2) in B by ring.
  replace (1 - 1 / 2) with (1 / 2) in B by field. rewrite Rpower_Ropp in B.
  unfold uniform_influence in B. rewrite growth_S, growth_start in B by lia. simpl in B.
  replace (1 / 2 / (1 + 1) * (1 * (1 + 1 / 2 / 1))) with (3 / 8) in B by field. rewrite Rabs_pos_eq in B by lra.
  pose proof (Rpower_pos (1 + 1) (1 / 2)) as P. set (s := Rpower (1 + 1) (1 / 2)) in *.
  assert (E : s * s = 2) by (unfold s; rewrite <- Rpower_plus; replace (1 / 2 + 1 / 2) with 1 by field; rewrite Rpower_1; lra).
  apply (Rmult_le_compat_r s) in B; [|lra]. rewrite Rmult_assoc, Rinv_l in B by lra. nra.
Qed.

(** Theorem 28 without the envelope: all rows read the source alone. *)
Theorem thm_28_no_envelope_false :
  ~ (forall gamma alpha gamma_max c2 y, (forall T, impulse_response gamma alpha 0 y T /\ bounded_gains gamma_max gamma T) ->
     let eta := gamma_max * c2 in
     (forall t, (1 <= t)%nat -> Rabs (y t) <= eta * exp eta * Rpower (INR t) (- (1 - eta))) /\ (eta < 1 -> is_lim_seq y 0)).
Proof.
  intros B. destruct rem_4_5_holds as [W _]. destruct (W (1 / 2) ltac:(lra)) as (alpha & y & _ & _ & Hy & E).
  specialize (B (fun _ => 1 / 2) alpha (1 / 2) 1 y). destruct (B ltac:(intros T; split; [apply Hy | intros t _; rewrite Rabs_pos_eq; lra])) as [B' _]; clear B. rename B' into B.
  specialize (B 9%nat ltac:(lia)). rewrite E in B by lia. replace (1 / 2 * 1) with (1 / 2) in B by ring. replace (1 - 1 / 2) with (1 / 2) in B by field.
  rewrite Rpower_Ropp, (power_of_square 3 9), Rabs_pos_eq in B by (simpl; lra). pose proof exp_half_below_3. lra.
Qed.

(** Corollary E.3 in the row T too: nothing is said of it. *)
Theorem cor_E_3_last_row_false :
  ~ (forall gamma alpha gamma_max c2 y T, cor_E_3_hypotheses gamma alpha gamma_max c2 y T ->
     let eta := gamma_max * c2 in
     forall t, (1 <= t <= T)%nat -> Rabs (y t) <= eta * exp eta * Rpower (INR t) (- (1 - eta))).
Proof.
  intros B. specialize (B (fun _ => 1 / 2) (fun _ _ => 1) (1 / 2) 1 (fun t => if Nat.eqb t 0 then 1 else 4) 1%nat).
  assert (H : cor_E_3_hypotheses (fun _ => 1 / 2) (fun _ _ => 1) (1 / 2) 1 (fun t => if Nat.eqb t 0 then 1 else 4) 1).
  { split; [|split].
    - intros t Ht. assert (t = 0)%nat as -> by lia. simpl. ring.
    - intros t j Ht. lia.
    - intros t _. rewrite Rabs_pos_eq; lra. }
  specialize (B H 1%nat ltac:(lia)). cbv zeta in B. replace (1 / 2 * 1) with (1 / 2) in B by ring.
  change (Rabs 4 <= 1 / 2 * exp (1 / 2) * Rpower 1 (- (1 - 1 / 2))) in B.
  unfold Rpower in B. rewrite ln_1, Rmult_0_r, exp_0, Rabs_pos_eq in B by lra. pose proof exp_half_below_3. lra.
Qed.

(** Lemma B.5 on the diagonal too: K(t, t) = 1 is above eta e^eta, which the formula gives at lag 0. *)
Theorem lem_B_5_diagonal_false :
  ~ (forall gamma alpha gamma_max c2 K T, lem_B_5_hypotheses gamma alpha gamma_max c2 K T ->
     let eta := gamma_max * c2 in
     (forall t, (t < T)%nat -> K t t = 1)
     /\ forall k t, (k <= t < T)%nat -> Rabs (K t k) <= eta * exp eta * Rpower (INR (t - k)) (- (1 - eta))).
Proof.
  intros B. destruct (B (fun _ => 0) (fun t _ => 1 / INR t) 0 1 (fun t k => if Nat.eqb t k then 1 else 0) 2%nat) as [_ D].
  - intros k Hk. split; [|split].
    + intros t Ht. cbv beta. rewrite Rmult_0_l. ring.
    + intros t j Ht. rewrite Rabs_pos_eq; [lra|]. apply Rdiv_le_0_compat; [lra | apply lt_0_INR; lia].
    + intros t _. rewrite Rabs_R0. lra.
  - specialize (D 0%nat 0%nat ltac:(lia)). simpl in D. rewrite Rabs_R1 in D. lra.
Qed.

(** Remark E.1 with c2 >= 2: uniform rows sum to 1 with c2 = 1. *)
Theorem rem_E_1_larger_false :
  ~ ((forall alpha c2 t T, (1 <= t < T)%nat -> diffuse c2 alpha T -> sum (alpha t) t = 1 -> 2 <= c2)
     /\ forall c2, 0 < c2 -> exists alpha,
        (forall t j, 0 <= alpha t j) /\ (forall t, (1 <= t)%nat -> sum (alpha t) t <= 1)
        /\ (forall T, diffuse c2 alpha T) /\ forall c, (forall T, diffuse c alpha T) -> c2 <= c).
Proof.
  intros [B _]. specialize (B (fun t _ => 1 / INR t) 1 2%nat 3%nat ltac:(lia)).
  assert (2 <= 1); [apply B | lra].
  - intros t j Ht. rewrite Rabs_pos_eq; [lra|]. apply Rdiv_le_0_compat; [lra | apply lt_0_INR; lia].
  - simpl. field.
Qed.

(** The exponent without subcriticality needs the row sums: rows 4/t with gain 1/4 keep y = 1, and b = 1/2. *)
Theorem ours_row_sum_exponent_no_row_sums_false :
  ~ (forall gamma alpha gamma_max c2 tau y T b, decay_hypotheses gamma alpha gamma_max c2 tau y T ->
     gamma_max <= 1 /\ 0 < c2 /\ 0 < b < 1 /\ b + gamma_max * Rpower c2 b = 1 ->
     forall l, (1 <= l)%nat -> (tau + l < T)%nat -> Rabs (y (tau + l)%nat) <= 2 * Rpower (INR l) (- b)).
Proof.
  intros B. destruct (uniform_rows (1 / 4) 4 0 ltac:(lra) ltac:(lra)) as [y H].
  assert (P4 : Rpower 4 (1 / 2) = 2) by (replace 4 with (INR 4) by (simpl; ring); apply power_of_square; simpl; lra).
  specialize (B _ _ _ _ O y 10%nat (1 / 2) (H _) ltac:(rewrite P4; lra) 9%nat ltac:(lia) ltac:(lia)).
  destruct (H 10%nat) as [Hy _]. rewrite (uniform_response (1 / 4) 4 0 y 10 Hy) in B by lia.
  replace (1 / 4 * 4) with 1 in B by field. rewrite Rpower_Ropp, (power_of_square 3 9) in B by (simpl; lra).
  assert (G : forall t, (0 < t)%nat -> uniform_influence 1 0 t = 1).
  { apply after_the_source.
    - unfold uniform_influence. rewrite growth_start. simpl. field.
    - intros t Ht E. unfold uniform_influence in *. assert (0 < INR t) by (apply lt_0_INR; lia). rewrite growth_S, S_INR by easy.
      replace (1 / (INR t + 1) * (growth 1 0 t * (1 + 1 / INR t))) with (1 / INR t * growth 1 0 t) by (field; lra). easy. }
  rewrite Nat.add_0_l, G, Rabs_R1 in B by lia. lra.
Qed.

(** The Jacobian tail with eta in front of A_1 too: t = tau + 1. *)
Theorem ours_jacobian_recursion_eta_on_both_false :
  ~ (forall gamma alpha gamma_max c2 A_0 A_1 tau d T, ours_jacobian_recursion_hypotheses gamma alpha gamma_max c2 A_0 A_1 tau d T ->
     let eta := gamma_max * c2 in
     forall t, (tau < t < T)%nat -> d t <= (eta * A_0 + eta * A_1) * (growth eta tau t / INR t)).
Proof.
  intros B. specialize (B _ _ _ _ _ _ _ _ _ (attaining_recursion (1 / 4) 0 1 0 ltac:(lra) ltac:(lra) ltac:(lra)) 1%nat ltac:(lia)).
  cbv zeta in B. rewrite growth_start in B. unfold attaining in B. simpl in B.
  replace (1 / (0 + 2) + 1 / 4 / (0 + 1) * 0) with (1 / 2) in B by field.
  replace ((1 / 4 * 1 * 0 + 1 / 4 * 1 * 1) * (1 / 1)) with (1 / 4) in B by field. lra.
Qed.
