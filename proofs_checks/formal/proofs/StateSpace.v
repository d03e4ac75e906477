(** Channels under zero-order hold: bounded states (4.4, C.2), failed freeze time (5) and the impulse response (9 (ii)). *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Vectors Powers Euclid.
Open Scope R_scope.

(** A decay factor lies between 0 and 1. *)
Lemma decay_factor a s : 0 <= a -> 0 <= s -> 0 < exp (- (a * s)) <= 1.
Proof.
  intros Ha Hs. split; [apply exp_pos|]. rewrite <- exp_0. apply exp_le_incr.
  pose proof (Rmult_le_pos a s Ha Hs). lra.
Qed.

(** One step is a convex combination of the state and of b/a. *)
Lemma convex_step theta x y a M : 0 < a -> 0 <= theta <= 1 -> Rabs x <= M -> Rabs y <= a * M ->
  Rabs (theta * x + (1 - theta) / a * y) <= M.
Proof.
  intros Ha Ht Hx Hy. eapply Rle_trans; [apply Rabs_triang|].
  assert (Ia : 0 < / a) by now apply Rinv_0_lt_compat.
  rewrite !Rabs_mult, (Rabs_pos_eq theta), (Rabs_pos_eq ((1 - theta) / a)) by (try apply Rmult_le_pos; lra).
  assert (theta * Rabs x <= theta * M) by (apply Rmult_le_compat_l; lra).
  assert ((1 - theta) / a * Rabs y <= (1 - theta) * M); [|lra].
  replace ((1 - theta) * M) with ((1 - theta) / a * (a * M)) by (field; lra).
  apply Rmult_le_compat_l; [apply Rmult_le_pos; lra | easy].
Qed.

Theorem lem_4_4_holds : lem_4_4.
Proof.
  intros h b step a amin M (Ha & Hs & Hb & Hh).
  assert (M0 : 0 <= M) by (specialize (Hb O); pose proof (Rabs_pos (b O)); lra).
  assert (Q0 : 0 <= M / amin) by (apply Rmult_le_pos; [lra | left; apply Rinv_0_lt_compat; lra]).
  (* any bound that holds at the start and is at least M / amin holds for ever *)
  assert (Inv : forall K, Rabs (h O) <= K -> M / amin <= K -> forall t, Rabs (h t) <= K).
  { intros K H0 HK t. induction t as [|t IH]; [easy|]. rewrite Hh.
    pose proof (decay_factor a (step t) ltac:(lra) (Hs t)).
    apply convex_step; [lra|lra|easy|].
    eapply Rle_trans; [apply Hb|]. apply Rle_trans with (a * (M / amin)); [|apply Rmult_le_compat_l; lra].
    replace M with (amin * (M / amin)) at 1 by (field; lra). apply Rmult_le_compat_r; lra. }
  split.
  - apply Inv; [apply Rmax_l | apply Rmax_r].
  - intros H0. apply Inv; [rewrite H0, Rabs_R0; lra | lra].
Qed.

(** A channel of rate 2 with steps 1/2 and input 3. *)
Definition example_channel (t : nat) : R := (1 - exp (- (2 * (1 / 2))) ^ t) / 2 * 3.

Lemma example_channel_step t : example_channel (S t)
  = exp (- (2 * (1 / 2))) * example_channel t + (1 - exp (- (2 * (1 / 2)))) / 2 * 3.
Proof. unfold example_channel. simpl. lra. Qed.

Theorem lem_4_4_instance : exists h b step a amin M, lem_4_4_hypotheses h b step a amin M.
Proof.
  exists example_channel, (fun _ => 3), (fun _ => 1 / 2), 2, 1, 3.
  repeat split; try lra.
  - intros t; lra.
  - intros t; rewrite Rabs_pos_eq; lra.
  - apply example_channel_step.
Qed.

Theorem rem_C_2_holds : rem_C_2.
Proof.
  intros h b step a amin M d N (H & Mono & Hom).
  assert (B : forall t n, (n < d)%nat -> Rabs (h t n) <= M / amin).
  { intros t n Hn. destruct (H n Hn) as [H0 Hc].
    exact (proj2 (lem_4_4_holds (fun t => h t n) (fun t => b t n) step (a n) amin M Hc) H0 t). }
  split; [exact B|]. intros Hd t. specialize (B t).
  assert (Q0 : 0 <= M / amin) by (specialize (B O Hd); pose proof (Rabs_pos (h t O)); lra).
  rewrite Rmult_comm. eapply Rle_trans; [|apply Hom, Q0]. apply Mono.
  intros n Hn. rewrite (Rabs_pos_eq (M / amin * 1)) by lra. rewrite Rmult_1_r. now apply B.
Qed.

Theorem rem_C_2_instance : exists h b step a amin M d N, rem_C_2_hypotheses h b step a amin M d N.
Proof.
  exists (fun t _ => example_channel t), (fun _ _ => 3), (fun _ => 1 / 2), (fun _ => 2), 1, 3, 2%nat, (norm2 2).
  split; [|split].
  - intros n _. split; [unfold example_channel; simpl; lra|]. repeat split; try lra.
    + intros t; lra.
    + intros t; rewrite Rabs_pos_eq; lra.
    + apply example_channel_step.
  - apply norm2_mono.
  - intros c v Hc. rewrite norm2_scal, (Rabs_pos_eq c) by easy. lra.
Qed.

Lemma prod_exp f n : prod (fun r => exp (f r)) n = exp (sum f n).
Proof. induction n as [|n IH]; simpl; [now rewrite exp_0|]. now rewrite IH, exp_plus. Qed.

Lemma msum_opp f n : sum (fun i => - f i) n = - sum f n.
Proof. induction n as [|n IH]; simpl; [lra|]. rewrite IH; lra. Qed.

Lemma prod_decay a s n : prod (fun r => exp (- (a * s r))) n = exp (- (a * sum s n)).
Proof. rewrite prod_exp. f_equal. now rewrite msum_opp, sum_scal. Qed.

Theorem prop_5_holds : prop_5.
Proof.
  intros lambda c step tau lag [Hl Hc]. unfold memory_factor. split; [apply (prod_decay lambda (fun r => step (tau + 1 + r)%nat))|].
  apply exp_le_incr. apply (Rmult_le_compat_l lambda) in Hc; lra.
Qed.

Theorem prop_5_instance : exists lambda c step tau lag, prop_5_hypotheses lambda c step tau lag.
Proof.
  exists (1 / 2), (1 / 3), (fun r => if Nat.even r then 0 else 1), 2%nat, 4%nat.
  split; [lra|]. simpl. lra.
Qed.

(** The product of diagonal transitions is at most the memory factor, in every coordinate. *)
Lemma transitions_le a lambda step tau lag : lambda <= a -> (forall r, 0 <= step r) ->
  0 < prod (fun r => exp (- (a * step (tau + 1 + r)%nat))) lag <= memory_factor lambda step tau lag.
Proof.
  intros Ha Hs. rewrite (prod_decay a (fun r => step (tau + 1 + r)%nat)). split; [apply exp_pos|].
  apply exp_le_incr, Ropp_le_contravar, Rmult_le_compat_r; [|easy]. apply sum_nonneg; auto.
Qed.

Theorem prop_9_ii_holds : prop_9_ii.
Proof.
  intros B C a step p d q tau lag lambda c Bmax Cmax (Hfreeze & Hs & Ha & HB0 & HC0 & HB & HC) w.
  destruct (prop_5_holds lambda c step tau lag Hfreeze) as [_ Hdecay].
  set (E := exp (- (lambda * c * INR lag))) in *. assert (PE : 0 < E) by apply exp_pos.
  eapply Rle_trans; [apply HC|]. rewrite !Rmult_assoc. apply Rmult_le_compat_l; [easy|].
  apply Rle_trans with (E * norm2 d (mat_vec p B w)).
  - rewrite <- (Rabs_pos_eq E) at 1 by lra. rewrite <- norm2_scal. apply norm2_mono. intros n Hn.
    destruct (transitions_le (a n) lambda step tau lag (Ha n Hn) Hs) as [P L].
    rewrite !Rabs_mult, (Rabs_pos_eq (prod _ _)), (Rabs_pos_eq E) by lra.
    apply Rmult_le_compat_r; [apply Rabs_pos | lra].
  - rewrite (Rmult_comm Bmax), (Rmult_assoc E), (Rmult_comm _ Bmax). apply Rmult_le_compat_l; [lra | apply HB].
Qed.

Lemma norm2_1 v : norm2 1 v = Rabs (v O).
Proof. unfold norm2; simpl. rewrite Rmult_1_r, Rplus_0_l. apply sqrt_Rsqr_abs. Qed.

(** A matrix with one entry multiplies the norm by that entry. *)
Lemma norm2_entry m w : norm2 1 (mat_vec 1 (fun _ _ => m) w) = Rabs m * norm2 1 w.
Proof. rewrite !norm2_1. unfold mat_vec; simpl. rewrite Rplus_0_l. apply Rabs_mult. Qed.

Theorem prop_9_ii_instance : exists B C a step p d q tau lag lambda c Bmax Cmax,
  prop_9_ii_hypotheses B C a step p d q tau lag lambda c Bmax Cmax.
Proof.
  exists (fun _ _ => 2), (fun _ _ => 3), (fun _ => 1), (fun r => if Nat.even r then 0 else 1), 1%nat, 1%nat, 1%nat, 2%nat, 4%nat,
    (1 / 2), (1 / 3), 2, 3.
  repeat split; try lra.
  - simpl; lra.
  - intros r. destruct (Nat.even r); lra.
  - intros n _; lra.
  - intros w. rewrite norm2_entry, Rabs_pos_eq; lra.
  - intros w. rewrite norm2_entry, Rabs_pos_eq; lra.
Qed.
