(** Bent statements on convolutions and depth that are false: 30, H.1, 31, 4.7. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Vectors Powers PowerLaws Depth.
Open Scope R_scope.

(** 30 from n = k - 1 on: a lag of 1 is no sum of two positive lags, and its convolution is 0. *)
Theorem thm_30_one_earlier_false :
  ~ (forall beta k, 0 < beta < 1 -> (1 <= k)%nat -> exists c C, 0 < c /\ 0 < C /\ forall n, (k - 1 <= n)%nat ->
     c * Rpower (INR n) (INR k * (1 - beta) - 1) <= conv_power (fun m => Rpower (INR m) (- beta)) k n
     <= C * Rpower (INR n) (INR k * (1 - beta) - 1)).
Proof.
  intros H. destruct (H (1 / 2) 2%nat ltac:(lra) ltac:(lia)) as (c & C & Hc & _ & B).
  destruct (B 1%nat ltac:(lia)) as [L _]. clear B. rename L into B.
  simpl in B. unfold conv in B. simpl in B. rewrite Rpower_1_l in B. lra.
Qed.

(** H.1 with one power of H_t less: at t = 5, tau = 0, k = 2 the sum 1/2 + 1/3 + 1/4 + 1/5 is more than 1. *)
Theorem lem_H_1_one_power_less_false :
  ~ ((forall k t tau, (1 <= k)%nat -> (tau < t)%nat ->
        kernel_power harmonic_kernel k t tau <= / (INR t + 1) * (harmonic t ^ (k - 2) / INR (fact (k - 1))))
     /\ forall k, (1 <= k)%nat -> exists C, forall t tau, (tau < t)%nat ->
        kernel_power harmonic_kernel k t tau <= C * (ln (1 + INR t) ^ (k - 1) / (INR t + 1))).
Proof.
  intros [H _]. specialize (H 2%nat 5%nat 0%nat ltac:(lia) ltac:(lia)).
  unfold kernel_power, kernel_product, harmonic_kernel in H. simpl in H. lra.
Qed.

(** 31 with half of the jumps: one block of residual uniform attention moves output 1 by half of token 0. *)
Theorem thm_31_half_false :
  ~ (forall V T N F x J d lambda K, thm_31_hypotheses V T N F x J d lambda K ->
     forall tau t v, (tau <= t)%nat -> (t < T)%nat -> exists dh, token_derivative F x N t tau v dh
     /\ ((tau < t)%nat -> norm dh <= path_sum d (fun n t j => lambda n * K n t j / 2) N t tau * norm v)
     /\ (tau = t -> norm dh <= prod d N * norm v)).
Proof.
  intros H. set (J := fun (_ t j : nat) (w : R) => if Nat.eqb j t then w else w / (INR t + 1)).
  assert (H1 : thm_31_hypotheses R_NormedModule 2 1 (fun _ => residual_mean 0) (fun j => INR j) J (fun _ => 1) (fun _ => 1)
    (fun _ t j => / (INR t + 1))).
  { intros n Hn. apply (residual_mean_stack 2). lia. }
  destruct (H _ _ _ _ _ _ _ _ _ H1 0%nat 1%nat (1 : R) ltac:(lia) ltac:(lia)) as [dh [D [B _]]].
  specialize (B ltac:(lia)).
  assert (E : dh = 1 / 2).
  { apply is_derive_unique in D. rewrite <- D. apply is_derive_unique.
    apply (is_derive_ext (fun e : R => 1 + e / 2)); [|auto_derive; [easy|field]].
    intros e. unfold stack, residual_mean, with_token. simpl. unfold plus, scal; simpl. unfold mult; simpl. field. }
  subst dh. change (norm (1 / 2)) with (Rabs (1 / 2)) in B. change (norm 1) with (Rabs 1) in B. rewrite !Rabs_pos_eq in B by lra.
  unfold path_sum in B. simpl in B. lra.
Qed.

(** 4.7 (iii) up to N (1 - beta) < 2: at beta = 1/2, N = 2 the rate does not vanish. *)
Theorem cor_4_7_supercritical_false :
  ~ (forall N d lambda a, (1 <= N)%nat -> (forall n, (n < N)%nat -> 0 <= a n) ->
     (deep_bound N d lambda (dilution a) (dilution_rate N) /\ is_lim_seq (dilution_rate N) 0)
     /\ (forall c cstar, 0 < cstar -> (forall n, (n < N)%nat -> cstar <= c n) ->
         deep_bound N d lambda (forgetting a c) (forgetting_rate cstar N) /\ is_lim_seq (forgetting_rate cstar N) 0)
     /\ (forall beta, 0 < beta < 1 ->
         deep_bound N d lambda (heavy_tail a beta) (heavy_tail_rate beta N)
         /\ (INR N * (1 - beta) < 2 -> is_lim_seq (heavy_tail_rate beta N) 0))).
Proof.
  intros Bent. destruct (Bent 2%nat (fun _ => 0) (fun _ => 0) (fun _ => 0) ltac:(lia) ltac:(intros; lra)) as (_ & _ & H3).
  destruct (H3 (1 / 2) ltac:(lra)) as [_ H]. specialize (H ltac:(simpl; lra)). clear H3 Bent. apply is_lim_seq_spec in H.
  destruct (H (mkposreal 1 Rlt_0_1)) as [n0 B]. specialize (B (S n0) ltac:(lia)). simpl in B.
  assert (L : 0 <= ln (1 + INR (S n0))) by (rewrite <- ln_1; apply ln_mono; pose proof (pos_INR (S n0)); lra).
  assert (One : 1 <= heavy_tail_rate (1 / 2) 2 (S n0)).
  { unfold heavy_tail_rate. cbn [sum]. set (X := Rpower _ (INR 1 * _ - 1)). set (Y := Rpower _ (INR 2 * _ - 1)).
    assert (EY : Y = 1) by (unfold Y; simpl INR at 2; replace ((1 + 1) * (1 - 1 / 2) - 1) with 0 by field; apply Rpower_O, lt_0_INR; lia).
    assert (PX : 0 < X) by apply Rpower_pos. rewrite EY.
    assert (P1 : 0 <= (1 + ln (1 + INR (S n0))) ^ 1) by (apply pow_le; lra).
    assert (P2 : 1 <= (1 + ln (1 + INR (S n0))) ^ 2) by (apply pow_R1_Rle; lra).
    assert (0 <= X * (1 + ln (1 + INR (S n0))) ^ 1) by (apply Rmult_le_pos; lra). lra. }
  rewrite Rminus_0_r, Rabs_pos_eq in B by lra. lra.
Qed.
