(** Exact signal transport: derivatives, composition, preprocessing (K.8, K.9). *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums SoftmaxRows Normal Blocks Positions Gelu Focusing Selectors.
Open Scope R_scope.

Lemma same_controls_sym m n T e u v : same_controls m n T e u v -> same_controls m n T e v u.
Proof. intros H t r Ht Hr. symmetry. now apply H. Qed.

Lemma same_controls_trans m n T e u v w : same_controls m n T e u v -> same_controls m n T e v w -> same_controls m n T e u w.
Proof. intros H1 H2 t r Ht Hr. rewrite H1 by easy. now apply H2. Qed.

(** Adding signals orthogonal to the controls changes no control. *)
Lemma moved_controls m n T e e_sig u h j : (forall r, (r < n)%nat -> inner m e_sig (e r) = 0) ->
  same_controls m n T e (moved u h e_sig j) u.
Proof. intros H t r _ Hr. rewrite inner_moved, H by easy. ring. Qed.

Lemma moved_saturated m T e_sig delta (K : sequence -> Prop) u h j : K u -> Rabs h <= delta -> 0 < delta ->
  saturation m T e_sig delta K (moved u h e_sig j).
Proof.
  intros Hu Hh Hd. exists u, (fun t => if Nat.eqb t j then h else 0). split; [easy|]. split.
  - intros t _. destruct (Nat.eqb t j); [easy|]. rewrite Rabs_R0. lra.
  - intros t i. unfold moved. destruct (Nat.eqb t j); ring.
Qed.

(** The signal of a transported sequence, with h added at token j. *)
Lemma transported_signal m n T e e_sig X B kernel u v h i j :
  exact_transport m n T e e_sig X B kernel -> X u -> X v -> same_controls m n T e v u -> (j <= i <= T)%nat ->
  (forall t, (t <= T)%nat -> inner m (v t) e_sig = inner m (u t) e_sig + (if Nat.eqb t j then h else 0)) ->
  inner m (B v i) e_sig = inner m (B u i) e_sig + h * kernel u i j.
Proof.
  intros (_ & HK & HS) Hu Hv Hc Hij Hsig. rewrite !HS by (easy || lia).
  rewrite (sum_ext (fun k => kernel v i k * inner m (v k) e_sig)
    (fun k => kernel u i k * inner m (u k) e_sig + kernel u i k * (if Nat.eqb k j then h else 0))).
  - rewrite sum_plus. f_equal. rewrite (sum_single _ (S i) j); [rewrite Nat.eqb_refl; ring | lia|].
    intros k _ Hk. apply Nat.eqb_neq in Hk. rewrite Hk. ring.
  - intros k Hk. rewrite Hsig, (HK v u) by (easy || lia). ring.
Qed.

Theorem lem_K_8_i_holds : lem_K_8_i.
Proof.
  intros m n T e e_sig delta K B kernel (Hd & Hs & Ho & HB & _) u i j Hu Hij.
  assert (E : forall t i, u t i = moved u 0 e_sig j t i) by (intros t k; unfold moved; destruct (Nat.eqb t j); ring).
  assert (X0 : saturation m T e_sig delta K u).
  { exists u, (fun _ => 0). split; [easy|]. split; [intros; rewrite Rabs_R0; lra | intros; ring]. }
  apply (derivative_of_line _ (inner m (B u i) e_sig) _ delta Hd). intros h Hh.
  apply (transported_signal m n T e e_sig (saturation m T e_sig delta K)); try easy.
  - now apply moved_saturated.
  - now apply moved_controls.
  - intros t _. rewrite inner_moved, Hs. ring.
Qed.

(** The plane: controls on the first axis, signals on the second; the running sum of signals, weighted by the control. *)
Definition example_B (u : sequence) (t i : nat) : R :=
  if Nat.eqb i 0 then u t 0%nat else sum (fun k => u k 0%nat * u k 1%nat) (S t).
Definition example_kernel (u : sequence) (i j : nat) : R := u j 0%nat.

Lemma inner_axis m (v : nat -> R) k : (k < m)%nat -> inner m v (unit_vector k) = v k.
Proof.
  intros H. unfold inner, unit_vector. rewrite (sum_single _ m k H); [rewrite Nat.eqb_refl; ring|].
  intros i _ Hi. apply Nat.eqb_neq in Hi. rewrite Hi. ring.
Qed.

Lemma example_transport X : exact_transport 2 1 4 (fun _ => unit_vector 0) (unit_vector 1) X example_B example_kernel.
Proof.
  split; [|split].
  - intros u _ t r _ _. rewrite !inner_axis by lia. easy.
  - intros u v i j _ _ H Hij. specialize (H j 0%nat ltac:(lia) ltac:(lia)). cbv beta in H.
    rewrite !inner_axis in H by lia. exact H.
  - intros u i _ _. rewrite inner_axis by lia. apply sum_ext. intros k _. rewrite inner_axis by lia. easy.
Qed.

Theorem lem_K_8_i_instance : exists m n T e e_sig delta K B kernel, lem_K_8_i_hypotheses m n T e e_sig delta K B kernel.
Proof.
  exists 2%nat, 1%nat, 4%nat, (fun _ => unit_vector 0), (unit_vector 1), (1 / 10), (fun u => u = (fun t _ => INR (S t))), example_B, example_kernel.
  unfold lem_K_8_i_hypotheses. rewrite unit_vectors_orthonormal by lia. split; [lra|]. split; [easy|]. split.
  - intros r _. now rewrite unit_vectors_orthonormal by lia.
  - split; [apply example_transport | now eexists].
Qed.

Theorem lem_K_8_ii_holds : lem_K_8_ii.
Proof.
  intros m n T e e_sig X Y B1 B2 k1 k2 ((C1 & K1 & S1) & (C2 & K2 & S2) & HXY & _). split; [|split].
  - intros u Hu. apply same_controls_trans with (B1 u); auto.
  - intros u v i j Hu Hv Hc Hij. apply sum_ext. intros k Hk. rewrite (K1 u v) by (easy || lia). f_equal.
    apply K2; [auto | auto | | lia].
    apply same_controls_trans with u; [auto|]. apply same_controls_trans with v; [easy|]. apply same_controls_sym. auto.
  - intros u i Hu Hi. rewrite S2 by auto.
    rewrite (sum_ext _ (fun r => sum (fun j => k2 (B1 u) i r * (k1 u r j * inner m (u j) e_sig)) (S r)) (S i)).
    + (* r from j to i: the triangle, by columns *)
      rewrite (sum_ext _ (fun r => k2 (B1 u) i r * (k1 u r r * inner m (u r) e_sig)
                 + sum (fun j => k2 (B1 u) i r * (k1 u r j * inner m (u j) e_sig)) r)) by (intros; simpl; ring).
      rewrite sum_plus, sum_swap_triangle, <- sum_plus. apply sum_ext. intros j Hj.
      replace (S i - j)%nat with (S (S i - S j)) by lia. rewrite sum_first, Nat.add_0_r, Rmult_plus_distr_r, <- sum_scal_r.
      f_equal; [ring|]. apply sum_ext. intros k _. replace (j + S k)%nat with (S j + k)%nat by lia. ring.
    + intros r Hr. rewrite S1 by (easy || lia). rewrite <- sum_scal. easy.
Qed.

Theorem lem_K_8_ii_instance : exists m n T e e_sig X Y B1 B2 kernel1 kernel2,
  lem_K_8_ii_hypotheses m n T e e_sig X Y B1 B2 kernel1 kernel2.
Proof.
  exists 2%nat, 1%nat, 4%nat, (fun _ => unit_vector 0), (unit_vector 1), (fun _ => True), (fun _ => True), example_B, example_B, example_kernel, example_kernel.
  split; [apply example_transport|]. split; [apply example_transport|]. split; [easy|]. now exists (fun t _ => INR t).
Qed.

Theorem lem_K_8_holds : lem_K_8.
Proof. exact (conj lem_K_8_i_holds lem_K_8_ii_holds). Qed.

Theorem lem_K_9_holds : lem_K_9.
Proof.
  intros m n T e e_sig delta a0 K Pre B kernel (Hd & Ha & Hs & Ho & HP & HB & _) u i j Hu Hij.
  set (X := saturation m T e_sig delta (fun v => exists u, K u /\ v = Pre u)).
  assert (Hb : 0 < Rmin delta a0) by now apply Rmin_glb_lt.
  apply (derivative_of_line _ (inner m (B (Pre u) i) e_sig) _ (Rmin delta a0) Hb). intros h Hh.
  assert (Hh1 : Rabs h <= delta) by (eapply Rle_trans; [exact Hh | apply Rmin_l]).
  assert (Hh2 : Rabs h <= a0) by (eapply Rle_trans; [exact Hh | apply Rmin_r]).
  assert (E : forall t k, Pre (moved u h e_sig j) t k = moved (Pre u) h e_sig j t k) by (apply HP; easy || lia).
  apply (transported_signal m n T e e_sig X); try easy.
  - exists (Pre u), (fun _ => 0). split; [now exists u|]. split; [intros; rewrite Rabs_R0; lra | intros; ring].
  - exists (Pre u), (fun t => if Nat.eqb t j then h else 0). split; [now exists u|]. split.
    + intros t _. destruct (Nat.eqb t j); [easy|]. rewrite Rabs_R0. lra.
    + intros t k. rewrite E. unfold moved. destruct (Nat.eqb t j); ring.
  - intros t r Ht Hr. rewrite (inner_ext m _ (moved (Pre u) h e_sig j t)) by (intros; apply E). now apply (moved_controls m n T).
  - intros t Ht. rewrite (inner_ext m _ (moved (Pre u) h e_sig j t)) by (intros; apply E). rewrite inner_moved, Hs. ring.
Qed.

(** A preprocessing that writes positions on the control axis. *)
Theorem lem_K_9_instance : exists m n T e e_sig delta a0 K Pre B kernel,
  lem_K_9_hypotheses m n T e e_sig delta a0 K Pre B kernel.
Proof.
  exists 2%nat, 1%nat, 4%nat, (fun _ => unit_vector 0), (unit_vector 1), (1 / 10), 1, (fun _ => True),
    (fun u t i => u t i + (if Nat.eqb i 0 then INR t else 0)), example_B, example_kernel.
  unfold lem_K_9_hypotheses. rewrite unit_vectors_orthonormal by lia. split; [lra|]. split; [lra|]. split; [easy|]. split.
  - intros r _. now rewrite unit_vectors_orthonormal by lia.
  - split; [intros; unfold moved; ring|]. split; [apply example_transport | now exists (fun t _ => INR t)].
Qed.
