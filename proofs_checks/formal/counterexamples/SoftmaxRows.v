(** Bent statements on softmax rows that are false: C.1, I.2, I.4. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Vectors SoftmaxRows.
Open Scope R_scope.

(** C.1 with n + 1 in place of n: a single logit has weight 1, not 1/2. *)
Theorem lem_C_1_one_more_false :
  ~ (forall b n D, lem_C_1_hypotheses b n D -> forall j, (j < n)%nat ->
     exp (- D) / INR n <= softmax b n j <= exp D / INR (S n)
     /\ forall i, (i < n)%nat -> exp (- D) <= softmax b n i / softmax b n j <= exp D).
Proof.
  intros H. specialize (H (fun _ => 0) 1%nat 0). destruct (H ltac:(intros i j _ _; lra) 0%nat ltac:(lia)) as [[_ B] _].
  clear H. rename B into H. unfold softmax in H. simpl in H. rewrite exp_0 in H. lra.
Qed.

(** C.1 with half the spread: of four logits log 4, 0, 0, 0 the first has weight 4/7, more than 2/4. *)
Theorem lem_C_1_half_spread_false :
  ~ (forall b n D, lem_C_1_hypotheses b n D -> forall j, (j < n)%nat ->
     exp (- D) / INR n <= softmax b n j <= exp (D / 2) / INR n
     /\ forall i, (i < n)%nat -> exp (- D) <= softmax b n i / softmax b n j <= exp D).
Proof.
  intros H. set (b := fun i => if Nat.eqb i 0 then ln 4 else 0).
  assert (L : 0 < ln 4) by (rewrite <- ln_1; apply ln_increasing; lra).
  assert (E : exp (ln 4 / 2) = 2).
  { replace (ln 4 / 2) with (ln 2); [apply exp_ln; lra|]. replace 4 with (2 * 2) by lra. rewrite ln_mult by lra. field. }
  specialize (H b 4%nat (ln 4)).
  destruct (H ltac:(intros i j _ _; unfold b; destruct (Nat.eqb i 0), (Nat.eqb j 0); lra) 0%nat ltac:(lia)) as [[_ B] _].
  clear H. rename B into H. rewrite E in H. unfold softmax, b in H. simpl in H. rewrite exp_0, exp_ln in H by lra. lra.
Qed.

(** I.2 without the factor n - 1: of four logits the largest, log 2 above the others, has weight 2/5 < 1 - 1/2. *)
Theorem lem_I_2_without_others_false :
  ~ (forall b n top Delta s delta, ((top < n)%nat /\ 0 < s /\ 0 < delta
     /\ (forall i, (i < n)%nat -> i <> top -> b i <= b top - Delta) /\ ln (1 / delta) <= s * Delta) ->
     1 - delta <= softmax (fun i => s * b i) n top).
Proof.
  intros H. specialize (H (fun i => if Nat.eqb i 0 then ln 2 else 0) 4%nat 0%nat (ln 2) 1 (1 / 2)).
  assert (G : forall i, (i < 4)%nat -> i <> 0%nat -> (if Nat.eqb i 0 then ln 2 else 0) <= ln 2 - ln 2).
  { intros i _ Hi. destruct (Nat.eqb_spec i 0); [easy|lra]. }
  replace (1 / (1 / 2)) with 2 in H by field.
  specialize (H ltac:(split; [lia|]; split; [lra|]; split; [lra|]; split; [exact G | lra])).
  unfold softmax in H. simpl in H. rewrite !Rmult_1_l, exp_ln, exp_0 in H by lra. lra.
Qed.

(** I.4 with delta V in place of 2 delta V: the weights 3/4, 1/4 on 1 and -1 give 1/2, at distance 1/2 from 1. *)
Theorem lem_I_4_once_false :
  ~ (forall V w p n one delta Vmax, lem_I_4_hypotheses V w p n one delta Vmax ->
     norm (minus (vsum (fun j => scal (p j) (w j)) n) (w one)) <= delta * Vmax).
Proof.
  intros H. specialize (H R_NormedModule (fun j => if Nat.eqb j 0 then 1 else - 1) (fun j => if Nat.eqb j 0 then 3 / 4 else 1 / 4)
    2%nat 0%nat (1 / 4) 1).
  assert (E : Rabs (0 + 3 / 4 * 1 + 1 / 4 * - 1 - 1) <= 1 / 4 * 1).
  { apply H. split; [lia|]. split; [|simpl; lra]. intros j _.
    change (norm (if Nat.eqb j 0 then 1 else - 1)) with (Rabs (if Nat.eqb j 0 then 1 else - 1)).
    destruct (Nat.eqb j 0); split; try lra; [rewrite Rabs_R1 | rewrite Rabs_left by lra]; lra. }
  rewrite Rabs_left in E by lra. lra.
Qed.
