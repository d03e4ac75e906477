(** Attention: its Jacobian with weights held fixed (Proposition 9 (i)), and with weights that move (Proposition 10 (i)). *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Vectors SoftmaxRows.
Open Scope R_scope.

Lemma norm_scal_eq {V : NormedModule R_AbsRing} (a : R) (v : V) : 0 < a -> norm (scal a v) = a * norm v.
Proof.
  intros Ha. apply Rle_antisym; [rewrite <- (Rabs_pos_eq a) at 2 by lra; apply norm_scal_Rabs|].
  (* v = (1/a) (a v) *)
  assert (E : scal (/ a) (scal a v) = v).
  { rewrite (scal_assoc (V := V)). change (mult (/ a) a) with (/ a * a). rewrite Rinv_l by lra. apply (scal_one (V := V)). }
  pose proof (norm_scal_Rabs (/ a) (scal a v)) as H. rewrite E in H. assert (I : 0 < / a) by now apply Rinv_0_lt_compat.
  rewrite (Rabs_pos_eq (/ a)) in H by lra. apply (Rmult_le_compat_l a) in H; [|lra].
  rewrite <- Rmult_assoc, Rinv_r, Rmult_1_l in H by lra. exact H.
Qed.

(** A sum of vectors of which one is not zero. *)
Lemma vsum_single {V : AbelianGroup} (w : nat -> V) n k : (k < n)%nat ->
  (forall j, (j < n)%nat -> j <> k -> w j = zero) -> vsum w n = w k.
Proof.
  induction n as [|n IH]; intros Hk H; [lia|]. simpl. destruct (Nat.eq_dec n k) as [->|Hne].
  - rewrite vsum_zero; [apply plus_zero_l|]. intros j Hj. apply H; lia.
  - rewrite IH; [|lia | intros j Hj Hjk; apply H; lia]. rewrite (H n); [apply plus_zero_r | lia | easy].
Qed.

Theorem prop_9_i_holds : prop_9_i.
Proof.
  intros V v b t tau Delta [Htau H] alpha.
  destruct (lem_C_1_holds b (S t) Delta H tau ltac:(lia)) as [B _]. fold alpha in B. rewrite S_INR in B.
  assert (P : 0 < alpha) by (apply softmax_pos; lia).
  split; [|split; [intros w; now apply norm_scal_eq | split; [exact B|]]].
  - eapply filterdiff_ext_lin.
    + apply (filterdiff_vsum (fun j u => scal (softmax b (S t) j) (with_token v tau u j))
        (fun j w => if Nat.eqb j tau then scal alpha w else zero)).
      intros j Hj. destruct (Nat.eqb_spec j tau) as [->|Hne].
      * apply filterdiff_ext with (fun u => scal alpha u); [intros u; now rewrite with_token_same|].
        apply (filterdiff_linear (fun u : V => scal alpha u)), (is_linear_scal_r (V := V) alpha), Rmult_comm.
      * apply filterdiff_ext with (fun _ => scal (softmax b (S t) j) (v j)); [intros u; now rewrite with_token_other|].
        apply (filterdiff_const (F := locally (v tau)) (scal (softmax b (S t) j) (v j))).
    + intros w. cbv beta. rewrite (vsum_single _ (S t) tau); [now rewrite Nat.eqb_refl | lia|].
      intros j _ Hj. now destruct (Nat.eqb_spec j tau).
  - intros Hlt. assert (L1 : 1 <= INR (t - tau)) by (apply (le_INR 1); lia).
    assert (E : INR t = INR tau + INR (t - tau)) by (rewrite minus_INR by lia; lra).
    pose proof (pos_INR tau) as T0. pose proof (exp_pos Delta). pose proof (exp_pos (- Delta)).
    split; [eapply Rle_trans; [|apply B] | eapply Rle_trans; [apply B|]]; apply Rmult_le_compat_l; try lra; apply Rinv_le_contravar; try lra.
    rewrite plus_INR. simpl INR. nra.
Qed.

Theorem prop_9_i_instance : exists b t tau Delta, prop_9_i_hypotheses b t tau Delta.
Proof.
  destruct lem_C_1_instance as (b & n & D & H). destruct n as [|t].
  - exists (fun _ => 0), 2%nat, 1%nat, 0. split; [lia|]. intros i j _ _. lra.
  - exists b, t, 0%nat, D. split; [lia | exact H].
Qed.

(** The value at tau moves, and every weight. *)
Theorem prop_10_i_holds : prop_10_i.
Proof.
  intros U V v alpha x t tau dv dalpha size c2 La VR Lv (Ht & Lv0 & VR0 & Dv & Bv & H & Ha & Hsize).
  assert (Bound : exists dy, filterdiff (fun u => vsum (fun j => scal (alpha j u) (v (with_token x tau u j))) (S t)) (locally (x tau)) dy
    /\ opnorm_le dy (alpha tau (x tau) * Lv + VR * sum size (S t))).
  { eexists. split.
    - apply (filterdiff_vsum (fun j u => scal (alpha j u) (v (with_token x tau u j)))
        (fun j w => plus (scal (dalpha j w) (v (x j))) (if Nat.eqb j tau then scal (alpha tau (x tau)) (dv w) else zero))).
      intros j Hj. destruct (H j ltac:(lia)) as (_ & Da & _). destruct (Nat.eqb_spec j tau) as [->|Hne].
      + apply filterdiff_ext with (fun u => scal (alpha tau u) (v u)); [intros u; now rewrite with_token_same|].
        apply (filterdiff_scal_fct (x tau) (alpha tau) v (dalpha tau) dv Rmult_comm Da Dv).
      + apply filterdiff_ext with (fun u => scal (alpha j u) (v (x j))); [intros u; now rewrite with_token_other|].
        eapply filterdiff_ext_lin.
        * apply (filterdiff_scal_fct (x tau) (alpha j) (fun _ => v (x j)) (dalpha j) (fun _ => zero) Rmult_comm Da).
          apply (filterdiff_const (F := locally (x tau)) (v (x j))).
        * intros w. cbv beta. f_equal. apply (scal_zero_r (V := V)).
    - intros w. rewrite vsum_plus. eapply Rle_trans; [apply (norm_triangle (V := V))|].
      rewrite Rmult_plus_distr_r, Rplus_comm. apply Rplus_le_compat.
      + rewrite (vsum_single _ (S t) tau) by (try lia; intros j _ Hj; now destruct (Nat.eqb_spec j tau)).
        rewrite Nat.eqb_refl. eapply Rle_trans; [apply norm_scal_Rabs|]. rewrite Rabs_pos_eq, Rmult_assoc by lra.
        apply Rmult_le_compat_l; [lra | apply Bv].
      + rewrite Rmult_assoc, (Rmult_comm VR), <- sum_scal_r, <- sum_scal_r. apply norm_vsum_le. intros j Hj.
        destruct (H j ltac:(lia)) as (Vj & _ & Ba). eapply Rle_trans; [apply norm_scal_Rabs|].
        apply Rmult_le_compat; [apply Rabs_pos | apply (norm_ge_0 (V := V)) | apply Ba | easy]. }
  destruct Bound as [dy [D B]]. exists dy. split; [exact D|]. split; [exact B|].
  intros w. eapply Rle_trans; [apply B|]. apply Rmult_le_compat_r; [apply (norm_ge_0 (V := U))|].
  apply Rle_trans with (c2 / (INR t + 1) * Lv + VR * (La / (INR t + 1))); [|right; unfold Rdiv; ring].
  apply Rplus_le_compat; [now apply Rmult_le_compat_r | now apply Rmult_le_compat_l].
Qed.
