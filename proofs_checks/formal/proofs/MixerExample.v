(** A mixer of three tokens that satisfies all hypotheses of Theorem 23 and Corollary B.7: token 1 moves its own forward value,
    its own gain, the forward value of token 2 and a logit of token 2. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Vectors SoftmaxRows.
Open Scope R_scope.

Definition ex_f (t : nat) (u : R) : R := match t with O => 1 | S O => u | _ => 1 + u / 10 end.
Definition ex_gamma (t : nat) (u : R) : R := if Nat.eqb t 1 then u / 4 else 1 / 4.
Definition ex_logit (t i : nat) (u : R) : R := if andb (Nat.eqb t 2) (Nat.eqb i 1) then u / 10 else 0.

Definition ex_s1 (u : R) : R := plus (ex_f 1 u) (scal (ex_gamma 1 u) (scal (routing_weight ex_logit 1 0 u) (1 : R))).

Definition ex_s (t : nat) (u : R) : R :=
  match t with
  | O => 1
  | S O => ex_s1 u
  | _ => plus (ex_f 2 u) (scal (ex_gamma 2 u)
           (plus (scal (routing_weight ex_logit 2 0 u) (1 : R)) (scal (routing_weight ex_logit 2 1 u) (ex_s1 u))))
  end.

(** Derivatives of x times a constant. *)
Lemma derivative_linear (c d x : R) : filterdiff (fun u : R => d + u * c) (locally x) (fun v : R => scal v c).
Proof. change (is_derive (fun u : R => d + u * c) x c). auto_derive; [easy|ring]. Qed.

Lemma opnorm_linear (c M : R) : Rabs c <= M -> opnorm_le (U := R_NormedModule) (V := R_NormedModule) (fun v : R => scal v c) M.
Proof.
  intros H v. change (Rabs (v * c) <= M * Rabs v). rewrite Rabs_mult, Rmult_comm.
  apply Rmult_le_compat_r; [apply Rabs_pos | easy].
Qed.

Lemma opnorm_0 M : 0 <= M -> opnorm_le (U := R_NormedModule) (V := R_NormedModule) (fun _ : R => 0) M.
Proof. intros H v. rewrite (norm_R 0), Rabs_R0. apply Rmult_le_pos; [easy | apply (norm_ge_0 (V := R_NormedModule))]. Qed.

Theorem thm_23_instance : exists U V f logit gamma s z tau T c2 gmax FR Lf0 Lf La0 Lroute Lgamma,
  thm_23_hypotheses U V f logit gamma s z tau T c2 gmax FR Lf0 Lf La0 Lroute Lgamma.
Proof.
  exists R_NormedModule, R_NormedModule, ex_f, ex_logit, ex_gamma, ex_s, (1 : R), 1%nat, 3%nat, 2, (1 / 4), 2, 1, 1, 0, 1, (1 / 4).
  unfold thm_23_hypotheses. split; [|split; [|split; [|split; [|split; [|split; [|split; [|split; [|split; [|split; [|split; [|split; [|split]]]]]]]]]]]];
    try lra.
  - intros t u Ht. destruct t as [|[|[|t]]]; [| | |lia]; unfold ex_s, ex_s1; simpl vsum.
    + rewrite (scal_zero_r (V := R_NormedModule)), (plus_zero_r (G := R_AbelianGroup)). easy.
    + now rewrite (plus_zero_l (G := R_AbelianGroup)).
    + now rewrite (plus_zero_l (G := R_AbelianGroup)).
  - intros t j Hj Ht. apply Rle_trans with 1; [now apply softmax_le_1|].
    destruct t as [|[|[|t]]]; try lia; simpl; lra.
  - intros t Ht. change (norm (ex_f t 1)) with (Rabs (ex_f t 1)). destruct t as [|[|[|t]]]; [| | |lia]; unfold ex_gamma, ex_f; simpl; rewrite !Rabs_pos_eq; lra.
  - intros t u Ht _. replace t with 0%nat by lia. easy.
  - exists (fun v : R => scal v 1), (fun v : R => scal v (1 / 4)). 
    split; [|split; [apply opnorm_linear; rewrite Rabs_pos_eq; lra | split; [|apply opnorm_linear; rewrite Rabs_pos_eq; lra]]].
    + apply filterdiff_ext with (fun u : R => 0 + u * 1); [intros u; unfold ex_f; change (0 + u * 1 = u); ring | apply derivative_linear].
    + apply filterdiff_ext with (fun u : R => 0 + u * (1 / 4));
        [intros u; unfold ex_gamma; change (0 + u * (1 / 4) = u / 4); field | apply derivative_linear].
  - exists (fun _ _ => 0), (fun _ => 0). split; [simpl; lra|]. intros j Hj. replace j with 0%nat by lia. split; [|now apply opnorm_0; lra].
    (* a row of one weight is constant *)
    apply filterdiff_ext with (fun _ : R => 1); [|apply (filterdiff_const (V := R_NormedModule) (1 : R))].
    intros u. unfold routing_weight, softmax, ex_logit. simpl. rewrite exp_0. field.
  - intros t Hgt Ht. replace t with 2%nat by lia. split; [|split].
    + apply (filterdiff_const (V := R_NormedModule) (1 / 4 : R)).
    + exists (fun v : R => scal v (1 / 10)). split.
      * apply filterdiff_ext with (fun u : R => 1 + u * (1 / 10));
          [intros u; unfold ex_f; change (1 + u * (1 / 10) = 1 + u / 10); field | apply derivative_linear].
      * apply opnorm_linear. simpl. rewrite Rabs_pos_eq; lra.
    + exists (fun i (v : R) => if Nat.eqb i 1 then scal v (1 / 10) else 0), (fun i => if Nat.eqb i 1 then 1 / 10 else 0). split.
      * pose proof (softmax_le_1 (fun i => ex_logit 2 i 1) 2 1 ltac:(lia)) as A. fold (routing_weight ex_logit 2 1 1) in A.
        unfold routing_weight in *. cbn [sum Nat.eqb]. simpl INR. lra.
      * intros i Hi. destruct i as [|[|i]]; [| |lia]; cbn [Nat.eqb]; split.
        -- apply (filterdiff_const (V := R_NormedModule) (0 : R)).
        -- apply opnorm_0; lra.
        -- apply filterdiff_ext with (fun u : R => 0 + u * (1 / 10));
             [intros u; unfold ex_logit; simpl; field | apply derivative_linear].
        -- apply opnorm_linear. rewrite Rabs_pos_eq; lra.
Qed.

Theorem cor_B_7_instance : exists U V Y f logit gamma s z tau T c2 gmax FR Lf0 Lf La0 Lroute Lgamma gate W GR Wnorm,
  cor_B_7_hypotheses U V Y f logit gamma s z tau T c2 gmax FR Lf0 Lf La0 Lroute Lgamma gate W GR Wnorm.
Proof.
  destruct thm_23_instance as (U & V & f & logit & gamma & s & z & tau & T & c2 & gmax & FR & Lf0 & Lf & La0 & Lroute & Lgamma & H).
  exists U, V, V, f, logit, gamma, s, z, tau, T, c2, gmax, FR, Lf0, Lf, La0, Lroute, Lgamma, (fun v => scal 2 v), (fun v => scal (1 / 2) v), 2, (1 / 2).
  assert (B : forall a : R, 0 <= a -> opnorm_le (U := V) (V := V) (fun v => scal a v) a).
  { intros a Ha v. eapply Rle_trans; [apply norm_scal_Rabs|]. rewrite Rabs_pos_eq; lra. }
  split; [exact H|]. split; [apply (is_linear_scal_r (V := V) 2), Rmult_comm|].
  split; [apply (is_linear_scal_r (V := V) (1 / 2)), Rmult_comm|]. split; [lra|]. split; [lra|]. split; apply B; lra.
Qed.

(** Two weights 1/2 + u/100 and 1/2 - u/100. *)
Theorem prop_10_i_instance : exists U V v alpha x t tau dv dalpha size c2 La VR Lv,
  prop_10_i_hypotheses U V v alpha x t tau dv dalpha size c2 La VR Lv.
Proof.
  set (sign := fun j : nat => if Nat.eqb j 0 then 1 else - 1).
  exists R_NormedModule, R_NormedModule, (fun u : R => 0 + u * 1), (fun j (u : R) => 1 / 2 + u * (sign j / 100)), (fun _ => (1 : R)), 1%nat, 0%nat,
    (fun w : R => scal w 1), (fun j (w : R) => scal w (sign j / 100)), (fun _ => 1 / 100), 2, 1, 1, 1.
  assert (S1 : forall j, Rabs (sign j / 100) <= 1 / 100).
  { intros j. unfold sign. destruct (Nat.eqb j 0); [rewrite Rabs_pos_eq | rewrite Rabs_left]; lra. }
  split; [lia|]. split; [lra|]. split; [lra|]. split; [apply derivative_linear|].
  split; [apply opnorm_linear; rewrite Rabs_R1; lra|]. split; [|split].
  - intros j _. split; [change (Rabs (0 + 1 * 1) <= 1); rewrite Rabs_pos_eq; lra|].
    split; [apply derivative_linear | apply opnorm_linear, S1].
  - unfold sign; simpl; lra.
  - simpl; lra.
Qed.
