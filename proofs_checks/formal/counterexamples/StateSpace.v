(** Bent statements on state-space models and the mixer's state that are false: 4.4, 5, B.3. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Vectors.
Open Scope R_scope.

(** 4.4 with Euler's factor, the step itself, in place of (1 - e^(-a step)) / a: one step of 10 gives a state of 10. *)
Theorem lem_4_4_euler_false :
  ~ (forall h b step a amin M, (0 < amin <= a /\ (forall t, 0 <= step t) /\ (forall t, Rabs (b t) <= M)
     /\ forall t, h (S t) = exp (- (a * step t)) * h t + step t * b t) ->
     (forall t, Rabs (h t) <= Rmax (Rabs (h O)) (M / amin)) /\ (h O = 0 -> forall t, Rabs (h t) <= M / amin)).
Proof.
  intros H. set (h := fix h t := match t with O => 0 | S s => exp (- (1 * 10)) * h s + 10 * 1 end).
  specialize (H h (fun _ => 1) (fun _ => 10) 1 1 1).
  destruct H as [_ H]; [split; [lra|]; split; [intros; lra|]; split; [intros; rewrite Rabs_R1; lra | easy]|].
  specialize (H eq_refl 1%nat). simpl in H. rewrite Rmult_0_r, Rplus_0_l, Rabs_pos_eq in H; lra.
Qed.

(** 5 with the lag counted twice. *)
Theorem prop_5_twice_false :
  ~ (forall lambda c step tau lag, prop_5_hypotheses lambda c step tau lag ->
     prod (fun r => exp (- (lambda * step (tau + 1 + r)%nat))) lag = memory_factor lambda step tau lag
     /\ memory_factor lambda step tau lag <= exp (- (lambda * c * (2 * INR lag)))).
Proof.
  intros H. destruct (H 1 1 (fun _ => 1) 0%nat 1%nat ltac:(split; simpl; lra)) as [_ B]. clear H. rename B into H.
  unfold memory_factor in H. simpl in H.
  assert (exp (- (1 * 1 * (2 * 1))) < exp (- (1 * (0 + 1)))) by (apply exp_increasing; lra). lra.
Qed.

(** B.3 with gains that may reach 1: then no bound holds, because predecessor routing adds up the inputs. *)
Theorem lem_B_3_gain_one_false :
  ~ (exists C, forall (V : NormedModule R_AbsRing) (f s : nat -> V) alpha gamma T, (forall t, (t < T)%nat ->
       s t = plus (f t) (scal (gamma t) (vsum (fun j => scal (alpha t j) (s j)) t))
       /\ norm (f t) <= 1 /\ Rabs (gamma t) <= 1 /\ (forall j, (j < t)%nat -> 0 <= alpha t j) /\ sum (alpha t) t <= 1) ->
     forall t, (t < T)%nat -> norm (s t) <= C).
Proof.
  intros [C H]. destruct (nfloor_ex (Rabs C) (Rabs_pos C)) as [n [_ Hn]].
  set (pred := fun t j => if Nat.eqb t (S j) then 1 else 0).
  assert (Last : forall t (w : nat -> R), vsum (V := R_AbelianGroup) (fun j => scal (pred (S t) j) (w j)) (S t) = w t).
  { intros t w. cbn [vsum]. rewrite vsum_zero.
    - rewrite plus_zero_l. unfold pred. rewrite Nat.eqb_refl. apply (scal_one (V := R_NormedModule)).
    - intros j Hj. unfold pred. destruct (Nat.eqb_spec (S t) (S j)); [lia|]. apply (scal_zero_l (V := R_NormedModule)). }
  assert (B : norm (V := R_NormedModule) (INR n + 1) <= C).
  { apply (H R_NormedModule (fun _ => 1) (fun t => INR t + 1) pred (fun _ => 1) (S n)); [|lia]. intros t _.
    split; [|split; [|split; [|split]]].
    - destruct t as [|t].
      + simpl vsum. rewrite (scal_zero_r (V := R_NormedModule)). change (0 + 1 = 1 + 0). lra.
      + rewrite Last. change (INR (S t) + 1 = 1 + 1 * (INR t + 1)). rewrite S_INR. lra.
    - change (Rabs 1 <= 1). rewrite Rabs_R1; lra.
    - rewrite Rabs_R1; lra.
    - intros j _. unfold pred. destruct (Nat.eqb t (S j)); lra.
    - destruct t as [|t]; [simpl; lra|]. simpl sum. rewrite sum_all_zero.
      + unfold pred. rewrite Nat.eqb_refl. lra.
      + intros j Hj. unfold pred. now destruct (Nat.eqb_spec (S t) (S j)); [lia|]. }
  change (Rabs (INR n + 1) <= C) in B. pose proof (pos_INR n). rewrite Rabs_pos_eq in B by lra.
  pose proof (Rle_abs C). lra.
Qed.
