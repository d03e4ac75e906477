(** The solve is bounded, and with it one block and a stack of blocks. *)

From Coq Require Import Reals Lra Lia List.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Euclid.
Import Stability.
Open Scope R_scope.

(** * The solve *)

(** Forward substitution: the states before n. *)
Fixpoint states (B f : nat -> nat -> R) (n : nat) : nat -> nat -> R :=
  match n with
  | O => fun _ _ => 0
  | S t => fun j i => if Nat.eqb j t then f t i + sum (fun k => B t k * states B f t k i) t else states B f t j i
  end.

Definition solution (B f : nat -> nat -> R) (t : nat) : nat -> R := states B f (S t) t.

Lemma states_are_final (B f : nat -> nat -> R) (n j : nat) :
  (j < n)%nat -> states B f n j = solution B f j.
Proof.
  induction n; intros H; [lia|]. unfold solution. simpl. rewrite Nat.eqb_refl.
  destruct (Nat.eqb_spec j n) as [->|Hj]; [reflexivity|].
  rewrite IHn by lia. unfold solution. simpl. now rewrite Nat.eqb_refl.
Qed.

Lemma solution_solves (r : nat) (B f : nat -> nat -> R) : solves r B f (solution B f).
Proof.
  intros t i _. unfold solution at 1. simpl. rewrite Nat.eqb_refl. f_equal.
  apply sum_ext. intros j Hj. now rewrite states_are_final.
Qed.

Lemma solution_unique (r : nat) (B f s s' : nat -> nat -> R) :
  solves r B f s -> solves r B f s' -> forall t i, (i < r)%nat -> s' t i = s t i.
Proof.
  intros H H' t. induction t as [t IH] using (well_founded_induction Nat.lt_wf_0). intros i Hi.
  rewrite H, H' by exact Hi. f_equal. apply sum_ext. intros j Hj. now rewrite IH.
Qed.

(** Induction over tokens: 1 + rho (1 + ... + rho^(t-1)) = 1 + ... + rho^t. *)
Lemma solution_bounded (r T : nat) (B : nat -> nat -> R) (rho F : R) (f s : nat -> nat -> R) :
  0 <= rho -> (forall t, (t < T)%nat -> sum (fun j => Rabs (B t j)) t <= rho) ->
  (forall t, (t < T)%nat -> norm2 r (f t) <= F) -> solves r B f s ->
  forall t, (t < T)%nat -> norm2 r (s t) <= sum (fun k => rho ^ k) (S t) * F.
Proof.
  intros Hrho HB HF Hs t. induction t as [t IH] using (well_founded_induction Nat.lt_wf_0). intros Ht.
  assert (F0 : 0 <= F) by (eapply Rle_trans; [apply (norm2_nonneg r (f t)) | now apply HF]).
  assert (powers : forall k, 0 <= rho ^ k) by (intros; now apply pow_le).
  rewrite (norm2_ext _ _ _ (Hs t)). eapply Rle_trans; [apply norm2_plus|].
  rewrite sum_first. replace (sum (fun i => rho ^ S i) t) with (rho * sum (fun i => rho ^ i) t)
    by (rewrite <- sum_scal; reflexivity).
  assert (earlier : norm2 r (fun i => sum (fun j => B t j * s j i) t)
                    <= sum (fun j => Rabs (B t j)) t * (sum (fun i => rho ^ i) t * F)).
  { apply norm2_sum_le. intros j Hj. eapply Rle_trans; [apply IH; lia|].
    apply Rmult_le_compat_r; [exact F0|]. apply sum_mono; [lia | intros; apply powers]. }
  specialize (HF t Ht). specialize (HB t Ht). simpl.
  assert (0 <= sum (fun i => rho ^ i) t * F).
  { apply Rmult_le_pos; [|exact F0]. apply sum_nonneg. intros. apply powers. }
  assert (sum (fun j => Rabs (B t j)) t * (sum (fun i => rho ^ i) t * F) <= rho * (sum (fun i => rho ^ i) t * F))
    by now apply Rmult_le_compat_r.
  lra.
Qed.

Lemma solution_bounded_always (r : nat) (B : nat -> nat -> R) (rho F : R) (f s : nat -> nat -> R) :
  lem_4_2_hypotheses r B rho F f -> solves r B f s -> bounded r (1 / (1 - rho) * F) s.
Proof.
  intros (Hrho & HB & HF) Hs t.
  assert (0 <= rho) by exact (HB O).
  assert (F0 : 0 <= F) by (eapply Rle_trans; [apply (norm2_nonneg r (f t)) | apply HF]).
  eapply Rle_trans; [apply (solution_bounded r (S t) B rho F f s); auto|].
  apply Rmult_le_compat_r; [exact F0|]. unfold Rdiv. rewrite Rmult_1_l. now apply sum_geometric_le.
Qed.

Theorem lem_4_2_holds : lem_4_2.
Proof.
  intros r B rho F f H. exists (solution B f). split; [apply solution_solves|].
  split; [exact (solution_bounded_always _ _ _ _ _ _ H (solution_solves r B f))|].
  intros s' Hs'. exact (solution_unique _ _ _ _ _ (solution_solves r B f) Hs').
Qed.

(** Rows with one entry: every token reads its predecessor. *)
Definition predecessor (rho : R) (t j : nat) : R := if Nat.eqb (S j) t then rho else 0.

Lemma sum_predecessor (rho : R) (x : nat -> R) (t : nat) :
  sum (fun j => predecessor rho t j * x j) t = match t with O => 0 | S j => rho * x j end.
Proof.
  destruct t as [|t]; [reflexivity|]. rewrite (sum_single _ _ t); unfold predecessor.
  - now rewrite Nat.eqb_refl.
  - lia.
  - intros i Hi Hne. destruct (Nat.eqb_spec (S i) (S t)); [lia | ring].
Qed.

Lemma row_predecessor (rho : R) (t : nat) : 0 <= rho -> sum (fun j => Rabs (predecessor rho t j)) t <= rho.
Proof.
  intros H. rewrite (sum_ext _ (fun j => predecessor rho t j * 1)).
  - rewrite (sum_predecessor rho (fun _ => 1)). destruct t; lra.
  - intros j _. unfold predecessor. destruct (Nat.eqb _ _); [rewrite Rabs_pos_eq | rewrite Rabs_R0]; lra.
Qed.

Theorem lem_4_2_instance : exists r B rho F f, lem_4_2_hypotheses r B rho F f.
Proof.
  exists 2%nat, (predecessor (9 / 10)), (9 / 10), 5, (fun _ i => match i with O => 3 | _ => 4 end).
  split; [lra|]. split; [intros t; apply row_predecessor; lra|]. intros t. unfold norm2. simpl.
  replace (0 + 3 * (3 * 1) + 4 * (4 * 1)) with (5 ^ 2) by ring. rewrite sqrt_pow2; lra.
Qed.

Lemma ours_bounded_solve_attained (T : nat) (rho : R) : 0 <= rho -> exists B f s,
  ours_bounded_solve_hypotheses 1 (S T) B rho 1 f s /\ norm2 1 (s T) = sum (fun k => rho ^ k) (S T).
Proof.
  intros H. exists (predecessor rho), (fun _ _ => 1), (fun t _ => sum (fun k => rho ^ k) (S t)). split.
  - split; [exact H|]. split; [intros; now apply row_predecessor|].
    split; [intros; rewrite norm2_one, Rabs_R1; lra|]. intros t i _.
    rewrite (sum_predecessor rho (fun j => sum (fun k => rho ^ k) (S j))).
    destruct t; [simpl; ring|]. rewrite sum_first, <- sum_scal. reflexivity.
  - rewrite norm2_one. apply Rabs_pos_eq, sum_nonneg. intros. now apply pow_le.
Qed.

Theorem ours_bounded_solve_holds : ours_bounded_solve.
Proof.
  split; [|exact ours_bounded_solve_attained].
  intros r T B rho F f s (Hrho & HB & HF & Hs) t Ht.
  assert (F0 : 0 <= F) by (eapply Rle_trans; [apply (norm2_nonneg r (f t)) | now apply HF]).
  eapply Rle_trans; [now apply (solution_bounded r T B rho F f s)|].
  apply Rmult_le_compat_r; [exact F0|]. apply sum_mono; [lia | intros; now apply pow_le].
Qed.

Theorem ours_bounded_solve_instance : exists r T B rho F f s, ours_bounded_solve_hypotheses r T B rho F f s.
Proof.
  destruct (ours_bounded_solve_attained 4 (3 / 2)) as (B & f & s & H & _); [lra|]. now exists 1%nat, 5%nat, B, (3 / 2), 1, f, s.
Qed.

(** * Affine maps and attention *)

Theorem lem_D_2_holds : lem_D_2.
Proof.
  intros d d' W w X x b [[Hw HW] HX] t. eapply Rle_trans; [apply norm2_plus|].
  apply Rplus_le_compat_r. eapply Rle_trans; [apply HW|]. now apply Rmult_le_compat_l.
Qed.

Theorem lem_D_2_instance : exists d d' W w X x, lem_D_2_hypotheses d d' W w X x.
Proof.
  exists 1%nat, 2%nat, (fun _ c => match c with O => 3 | _ => 4 end), 5, 2, (fun _ _ => 2).
  split; [|intros t; rewrite norm2_one, Rabs_pos_eq; lra]. split; [lra|].
  intros v. rewrite norm2_one. unfold times, norm2. cbn [sum].
  replace (0 + (0 + v O * 3) ^ 2 + (0 + v O * 4) ^ 2) with (Rsqr (5 * v O)) by (unfold Rsqr; ring).
  rewrite sqrt_Rsqr_abs, Rabs_mult, (Rabs_pos_eq 5); lra.
Qed.

Lemma weights_abs (alpha : nat -> nat -> R) (t : nat) :
  causal_weights alpha -> sum (fun j => Rabs (alpha t j)) t <= 1.
Proof.
  intros [Hpos Hsum]. rewrite (sum_ext _ (alpha t)) by (intros; apply Rabs_pos_eq, Hpos; assumption).
  destruct t; [simpl; lra|]. rewrite Hsum by lia. lra.
Qed.

Theorem lem_D_3_holds : lem_D_3.
Proof.
  intros r alpha M v [Ha Hv] t. eapply Rle_trans; [apply norm2_sum_le; intros; apply Hv|].
  pose proof (weights_abs alpha t Ha). pose proof (norm2_nonneg r (v O)). specialize (Hv O).
  rewrite <- (Rmult_1_l M) at 2. apply Rmult_le_compat_r; lra.
Qed.

(** Uniform weights 1/t. *)
Definition uniform (t _j : nat) : R := / INR t.

Lemma uniform_weights : causal_weights uniform.
Proof.
  split; intros t; unfold uniform.
  - intros j Hj. apply Rlt_le, Rinv_0_lt_compat, lt_0_INR. lia.
  - intros Ht. rewrite sum_const. apply Rinv_r, not_0_INR. lia.
Qed.

Theorem lem_D_3_instance : exists r alpha M v, lem_D_3_hypotheses r alpha M v.
Proof.
  exists 1%nat, uniform, 1, (fun t _ => (-1) ^ t). split; [exact uniform_weights|].
  intros t. rewrite norm2_one. rewrite pow_1_abs. lra.
Qed.

(** * One block *)

(** Rows of B sum to at most the bound of the gains. *)
Lemma feedback_rows (alpha : nat -> nat -> R) (gamma : nat -> R) (rho : R) (t : nat) :
  causal_weights alpha -> (forall t, Rabs (gamma t) <= rho) ->
  sum (fun j => Rabs (gamma t * alpha t j)) t <= rho.
Proof.
  intros Ha Hg. rewrite (sum_ext _ (fun j => Rabs (gamma t) * Rabs (alpha t j))) by (intros; apply Rabs_mult).
  rewrite sum_scal. pose proof (weights_abs alpha t Ha). pose proof (Hg t). pose proof (Rabs_pos (gamma t)).
  eapply Rle_trans; [apply Rmult_le_compat_l; [apply Rabs_pos | eassumption]|]. lra.
Qed.

Lemma block_bounded (m r : nat) (p : block) (x y : nat -> nat -> R) (R0 F G rho w : R) :
  causal_weights (weights p x) -> rho < 1 -> (forall t, Rabs (gains p x t) <= rho) ->
  spectral_bound r m (W_out p) w -> bounded m R0 x -> bounded r F (signal p x) -> bounded r G (gate p x) ->
  gives m r p x y -> bounded m (R0 + w * (F * G / (1 - rho)) + norm2 m (b_out p)) y.
Proof.
  intros Ha Hrho Hg [Hw HW] Hx HF HG (s & Hs & Hy) t.
  assert (Hst : norm2 r (s t) <= 1 / (1 - rho) * F).
  { refine (solution_bounded_always r _ rho F (signal p x) s _ Hs t).
    split; [exact Hrho|]. split; [intros; now apply feedback_rows | exact HF]. }
  rewrite (norm2_ext _ _ _ (Hy t)).
  eapply Rle_trans; [apply norm2_plus|]. eapply Rle_trans; [apply Rplus_le_compat_l, norm2_plus|].
  specialize (HW (fun i => s t i * gate p x t i)). specialize (Hx t).
  assert (gated : norm2 r (fun i => s t i * gate p x t i) <= F * G / (1 - rho)).
  { eapply Rle_trans; [apply norm2_product|].
    replace (F * G / (1 - rho)) with (1 / (1 - rho) * F * G) by (field; lra).
    apply Rmult_le_compat; auto using norm2_nonneg. }
  apply (Rmult_le_compat_l w) in gated; [lra | exact Hw].
Qed.

Lemma tanh_form (x : R) : tanh x = 1 - 2 / (exp (2 * x) + 1).
Proof.
  unfold tanh, sinh, cosh. replace (2 * x) with (x + x) by ring. rewrite exp_plus, exp_Ropp.
  pose proof (exp_pos x). pose proof (Rmult_lt_0_compat _ _ H H). field. repeat split; lra.
Qed.

Lemma tanh_lt_1 (x : R) : tanh x < 1.
Proof.
  rewrite tanh_form. pose proof (exp_pos (2 * x)). assert (0 < 2 / (exp (2 * x) + 1)) by (apply Rdiv_lt_0_compat; lra). lra.
Qed.

Lemma tanh_increasing (x y : R) : x <= y -> tanh x <= tanh y.
Proof.
  intros [H| ->]; [|lra]. rewrite !tanh_form. pose proof (exp_pos (2 * x)).
  assert (exp (2 * x) < exp (2 * y)) by (apply exp_increasing; lra).
  assert (/ (exp (2 * y) + 1) <= / (exp (2 * x) + 1)) by (apply Rinv_le_contravar; lra). unfold Rdiv. lra.
Qed.

Lemma tanh_abs_le (x a : R) : Rabs x <= a -> Rabs (tanh x) <= tanh a.
Proof.
  intros H. assert (-a <= x <= a) as [low high].
  { pose proof (Rle_abs x). pose proof (Rle_abs (- x)) as lower. rewrite Rabs_Ropp in lower. lra. }
  assert (odd : tanh (- a) = - tanh a).
  { unfold tanh, sinh, cosh. rewrite Ropp_involutive. pose proof (exp_pos a). pose proof (exp_pos (- a)). field. lra. }
  apply Rabs_le. rewrite <- odd. split; now apply tanh_increasing.
Qed.

Theorem prop_25_holds : prop_25.
Proof.
  intros m r p u w cf Lf cg Lg cu Lu (Ha & Hg & HW & _ & _ & _ & _ & _ & _ & H51) R0 x y Hx Hy rho.
  split; [apply tanh_lt_1|]. destruct (H51 x R0 Hx) as (HF & HG & Hu).
  apply block_bounded with r x; auto; [apply tanh_lt_1|]. intros t. rewrite Hg. now apply tanh_abs_le.
Qed.

(** One channel with uniform weights, f = 1 + x, g = x, u = x, W_out = 2, b_out = 1. *)
Definition small : block :=
  {| weights := fun _ => uniform; gains := fun x t => tanh (x t O); signal := fun x t _ => 1 + x t O;
     gate := fun x t _ => x t O; W_out := fun _ _ => 2; b_out := fun _ => 1 |}.

Lemma small_weight : spectral_bound 1 1 (W_out small) 2.
Proof. split; [lra|]. intros v. rewrite !norm2_one. unfold times. simpl. rewrite Rplus_0_l, Rabs_mult, (Rabs_pos_eq 2); lra. Qed.

Theorem prop_25_instance : exists m r p u w cf Lf cg Lg cu Lu, prop_25_hypotheses m r p u w cf Lf cg Lg cu Lu.
Proof.
  exists 1%nat, 1%nat, small, (fun x t => x t O), 2, 1, 1, 0, 1, 0, 1.
  split; [intros; exact uniform_weights|]. split; [reflexivity|]. split; [exact small_weight|].
  repeat (split; [lra|]). intros x X HX. repeat split; intros t; specialize (HX t); rewrite norm2_one in HX.
  - rewrite norm2_one. simpl. eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_R1. lra.
  - rewrite norm2_one. simpl. lra.
  - lra.
Qed.

Theorem prop_2_holds : prop_2.
Proof.
  intros m r p [Ha H]. split.
  - intros x. set (s := solution (fun t j => gains p x t * weights p x t j) (signal p x)).
    exists (fun t c => x t c + (times r (fun i => s t i * gate p x t i) (W_out p) c + b_out p c)).
    exists s. split; [apply solution_solves | reflexivity].
  - intros R0. destruct (H R0) as (F & G & rho & Hrho & Hball). destruct (spectral_bound_exists r m (W_out p)) as [w Hw].
    exists (R0 + w * (F * G / (1 - rho)) + norm2 m (b_out p)). intros x y Hx Hy. destruct (Hball x Hx) as (HF & HG & Hg).
    now apply block_bounded with r x.
Qed.

Lemma small_meets : prop_2_hypotheses 1 1 small.
Proof.
  split; [intros; exact uniform_weights|]. intros R0. exists (1 + R0), R0, (tanh R0). split; [apply tanh_lt_1|].
  intros x HX. repeat split; intros t; specialize (HX t); rewrite norm2_one in HX.
  - rewrite norm2_one. simpl. eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_R1. lra.
  - rewrite norm2_one. exact HX.
  - now apply tanh_abs_le.
Qed.

Theorem prop_2_instance : exists m r p, prop_2_hypotheses m r p.
Proof. exists 1%nat, 1%nat, small. exact small_meets. Qed.

(** * Blocks one after the other *)

Theorem ours_deep_stability_holds : ours_deep_stability.
Proof.
  intros m r blocks. induction blocks as [|p rest IH]; intros H R0.
  - exists R0. intros x y Hx <-. exact Hx.
  - destruct (prop_2_holds m r p (H p (or_introl eq_refl))) as [_ first]. destruct (first R0) as [C1 H1].
    destruct (IH (fun q Hq => H q (or_intror Hq)) C1) as [C HC].
    exists C. intros x y Hx (z & Hz & Hy). apply (HC z y); [now apply (H1 x) | exact Hy].
Qed.

Theorem ours_deep_stability_instance : exists m r blocks, ours_deep_stability_hypotheses m r blocks /\ length blocks = 2%nat.
Proof.
  exists 1%nat, 1%nat, (small :: small :: nil)%list. split; [|reflexivity].
  intros p [<-|[<-|[]]]; exact small_meets.
Qed.

Theorem ours_bounded_gate_holds : ours_bounded_gate.
Proof. intros r s g G Hg HG. now apply norm2_gated. Qed.

Theorem ours_bounded_gate_instance : exists r g G, ours_bounded_gate_hypotheses r g G.
Proof. exists 2%nat, (fun i => match i with O => -3 | _ => 2 end), 3. intros [|i] _; apply Rabs_le; lra. Qed.
