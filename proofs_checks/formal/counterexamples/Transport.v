(** Bent and printed statements about signal transport that are false. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Blocks Focusing Selectors Transport.
Open Scope R_scope.

Definition causal_on_sequences (G : sequence -> sequence) : Prop :=
  forall u v t, (forall s i, (s <= t)%nat -> u s i = v s i) -> forall i, G u t i = G v t i.

Definition linear_on_sequences (G : sequence -> sequence) : Prop :=
  forall u v c t i, G (fun s k => u s k + c * v s k) t i = G u t i + c * G v t i.

(** Lemma K.9 as printed, where R lets the signal through over the control channels only; false for linear maps even, which
    are C^1, that are causal, and for a set of one sequence, which is compact.  One token (x0, x1), signals on the first axis, no controls.  R(x) = (x0, x0) lets the signal through and copies it to the
    other axis; B(y) = (y0 + y1, y1) transports the signal with kernel 1 where y1 = 0, as on the saturation of R(0).
    The derivative of the signal of B(R(x)) is 2. *)
Theorem lem_K_9_as_printed_false :
  ~ (forall m n T e e_sig delta (K : sequence -> Prop) (Pre B : sequence -> sequence) kernel,
     0 < delta -> inner m e_sig e_sig = 1 -> (forall r, (r < n)%nat -> inner m e_sig (e r) = 0) ->
     linear_on_sequences Pre -> linear_on_sequences B -> causal_on_sequences Pre -> causal_on_sequences B ->
     (exists u0, forall u, K u <-> forall t i, u t i = u0 t i) ->
     (forall u tau a, K u -> (tau <= T)%nat ->
        same_controls m n T e (Pre (moved u a e_sig tau)) (Pre u)
        /\ forall t, (t <= T)%nat -> inner m (Pre (moved u a e_sig tau) t) e_sig
                                    = inner m (Pre u t) e_sig + (if Nat.eqb t tau then a else 0)) ->
     exact_transport m n T e e_sig (saturation m T e_sig delta (fun v => exists u, K u /\ v = Pre u)) B kernel ->
     forall u i j, K u -> (j <= i <= T)%nat ->
     is_derive (fun h => inner m (B (Pre (moved u h e_sig j)) i) e_sig) 0 (kernel (Pre u) i j)).
Proof.
  intros H. set (e_sig := unit_vector 0).
  set (Pre := fun (u : sequence) t (i : nat) => u t 0%nat). set (B := fun (u : sequence) t i => if Nat.eqb i 0 then u t 0%nat + u t 1%nat else u t i).
  assert (D : is_derive (fun h => inner 2 (B (Pre (moved (fun _ _ => 0) h e_sig 0)) 0%nat) e_sig) 0 1).
  { apply (H 2%nat 0%nat 0%nat (fun _ => e_sig) e_sig 1 (fun u => forall t i, u t i = 0) Pre B (fun _ _ _ => 1)); try easy; try lra.
    - unfold e_sig. now rewrite unit_vectors_orthonormal by lia.
    - intros u v c t i. unfold B. destruct (Nat.eqb i 0); ring.
    - intros u v t Huv i. unfold Pre. now apply Huv.
    - intros u v t Huv i. unfold B. now rewrite !Huv by lia.
    - exists (fun _ _ => 0). easy.
    - intros u tau a Hu Htau. split; [intros t r _ Hr; lia|]. intros t _. unfold e_sig. rewrite !inner_axis by lia.
      unfold Pre, moved, unit_vector. simpl. destruct (Nat.eqb t tau); ring.
    - split; [intros u _ t r _ Hr; lia|]. split; [easy|]. intros v i (u & a & (w & Hw & ->) & _ & Hv) Hi.
      replace i with 0%nat by lia. unfold e_sig. rewrite inner_axis by lia. simpl. rewrite inner_axis by lia.
      unfold B. simpl. rewrite (Hv 0%nat 1%nat). unfold Pre, e_sig, unit_vector. simpl. rewrite Hw. ring. }
  apply is_derive_unique in D. revert D. apply Rgt_not_eq.
  rewrite (Derive_ext _ (fun h => 2 * h)).
  - replace (Derive (fun h => 2 * h) 0) with 2 by (symmetry; apply is_derive_unique; auto_derive; [easy | ring]). lra.
  - intros h. unfold e_sig. rewrite inner_axis by lia. unfold B, Pre, moved, unit_vector. simpl. ring.
Qed.

(** The same for the statement with [lem_K_9]'s own words: control channels in place of all that are orthogonal to e_sig. *)
Theorem lem_K_9_controls_only_false :
  ~ (forall m n T e e_sig delta a0 (K : sequence -> Prop) (Pre B : sequence -> sequence) kernel,
     0 < delta /\ 0 < a0 /\ inner m e_sig e_sig = 1 /\ (forall r, (r < n)%nat -> inner m e_sig (e r) = 0)
     /\ (forall u tau a, K u -> (tau <= T)%nat -> Rabs a <= a0 ->
         same_controls m n T e (Pre (moved u a e_sig tau)) (Pre u)
         /\ forall t, (t <= T)%nat -> inner m (Pre (moved u a e_sig tau) t) e_sig
                                     = inner m (Pre u t) e_sig + (if Nat.eqb t tau then a else 0))
     /\ exact_transport m n T e e_sig (saturation m T e_sig delta (fun v => exists u, K u /\ v = Pre u)) B kernel
     /\ (exists u, K u) ->
     forall u i j, K u -> (j <= i <= T)%nat ->
     is_derive (fun h => inner m (B (Pre (moved u h e_sig j)) i) e_sig) 0 (kernel (Pre u) i j)).
Proof.
  intros bent. apply lem_K_9_as_printed_false.
  intros m n T e e_sig delta K Pre B kernel Hd Hs Ho _ _ _ _ _ HP HB u i j Hu Hij.
  apply (bent m n T e e_sig delta 1 K Pre B kernel); [|easy|easy].
  split; [easy|]. split; [lra|]. split; [easy|]. split; [easy|]. split; [intros; now apply HP|]. split; [easy | now exists u].
Qed.

(** Controls along the signal: one token that is control and signal at once, with a kernel that is 5 at 0, where it carries
    nothing, and 1 elsewhere.  The identity transports the signal with it; its derivative at 0 is 1. *)
Theorem lem_K_8_i_not_blind_false :
  ~ (forall m n T e e_sig delta (K : sequence -> Prop) (B : sequence -> sequence) kernel,
     0 < delta /\ inner m e_sig e_sig = 1 /\ (forall r, (r < n)%nat -> inner m e_sig (e r) = inner m e_sig (e r))
     /\ exact_transport m n T e e_sig (saturation m T e_sig delta K) B kernel /\ (exists u, K u) ->
     forall u i j, K u -> (j <= i <= T)%nat ->
     is_derive (fun h => inner m (B (moved u h e_sig j) i) e_sig) 0 (kernel u i j)).
Proof.
  intros bent. set (e := unit_vector 0).
  set (kernel := fun (u : sequence) (i j : nat) => if Req_EM_T (u 0%nat 0%nat) 0 then 5 else 1).
  assert (D : is_derive (fun h => inner 1 (moved (fun _ _ => 0) h e 0 0%nat) e) 0 (kernel (fun _ _ => 0) 0%nat 0%nat)).
  { apply (bent 1%nat 1%nat 0%nat (fun _ => e) e 1 (fun u => u = (fun _ _ => 0)) (fun u => u) kernel); [|easy|lia].
    split; [lra|]. split; [unfold e; now rewrite unit_vectors_orthonormal by lia|]. split; [easy|]. split; [|now exists (fun _ _ => 0)].
    split; [easy|]. split.
    - intros u v i j _ _ H _. specialize (H 0%nat 0%nat ltac:(lia) ltac:(lia)). cbv beta in H. unfold e in H.
      rewrite !inner_axis in H by lia. unfold kernel. now rewrite H.
    - intros u i _ Hi. replace i with 0%nat by lia. unfold e. simpl. rewrite inner_axis by lia. unfold kernel.
      destruct (Req_EM_T (u 0%nat 0%nat) 0) as [Z|Z]; [rewrite Z|]; ring. }
  unfold kernel in D. destruct (Req_EM_T 0 0) as [_|Z]; [|now apply Z]. apply is_derive_unique in D. revert D. apply Rlt_not_eq.
  rewrite (Derive_ext _ (fun h => h)).
  - rewrite Derive_id. lra.
  - intros h. unfold e. rewrite inner_axis by lia. unfold moved, unit_vector. simpl. ring.
Qed.
