(** Gamma is log-convex, and no other function is that and has its recurrence. *)

From Coq Require Import Reals Lra Lia Factorial.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
From Sessa.proofs Require Import Sums Powers GammaLimit.
Open Scope R_scope.

(** ** Log-convexity: each factor is log-convex *)

Lemma ln_gauss x n : 0 < x -> ln (gauss x n) = ln (INR (fact n)) + x * ln (INR n) - sum (fun i => ln (x + INR i)) (S n).
Proof.
  intros Hx. unfold gauss, Rdiv. pose proof (INR_fact_lt_0 n). pose proof (Rpower_pos (INR n) x). pose proof (rising_pos x (S n) Hx).
  rewrite ln_mult, ln_mult, ln_Rinv, ln_prod; try easy.
  - unfold Rpower. rewrite ln_exp. ring.
  - intros i _. pose proof (pos_INR i); lra.
  - now apply Rmult_lt_0_compat.
  - now apply Rinv_0_lt_compat.
Qed.

Lemma gauss_log_convex n : log_convex (fun x => gauss x n).
Proof.
  intros p x y Hp Hx Hy. assert (Hm : 0 < p * x + (1 - p) * y) by (destruct (Rle_dec p (1/2)); nra).
  rewrite !ln_gauss by easy.
  assert (S : p * sum (fun i => ln (x + INR i)) (S n) + (1 - p) * sum (fun i => ln (y + INR i)) (S n)
              <= sum (fun i => ln (p * x + (1 - p) * y + INR i)) (S n)); [|lra].
  induction (S n) as [|k IH]; simpl; [lra|]. pose proof (pos_INR k).
  pose proof (ln_concave p (x + INR k) (y + INR k) Hp) as C.
  replace (p * (x + INR k) + (1 - p) * (y + INR k)) with (p * x + (1 - p) * y + INR k) in C by ring. lra.
Qed.

Lemma Gamma_log_convex : log_convex Gamma.
Proof.
  intros p x y Hp Hx Hy. assert (Hm : 0 < p * x + (1 - p) * y) by (destruct (Rle_dec p (1/2)); nra).
  assert (L : forall z, 0 < z -> is_lim_seq (fun n => ln (gauss z n)) (ln (Gamma z)))
    by (intros z Hz; apply is_lim_seq_ln; [now apply Gamma_pos | now apply Gamma_lim]).
  apply (lim_le _ _ _ _ (fun n => gauss_log_convex n p x y Hp Hx Hy)); [now apply L|].
  apply is_lim_seq_plus'; [apply (is_lim_seq_scal_l _ p (ln (Gamma x))) | apply (is_lim_seq_scal_l _ (1 - p) (ln (Gamma y)))]; now apply L.
Qed.

Lemma Gamma_is_gamma : is_gamma Gamma.
Proof. repeat split; [apply Gamma_1 | apply Gamma_pos | apply Gamma_plus_1 | apply Gamma_log_convex]. Qed.

(** ** Two convex combinations bound the quotient f(t + g) / f(t + 1) of any such f *)

Section Quotient.
  Variable f : R -> R.
  Hypothesis Hf : is_gamma f.

  Lemma ln_f_plus_1 x : 0 < x -> ln (f (x + 1)) = ln x + ln (f x).
  Proof. destruct Hf as (_ & P & E & _). intros Hx. rewrite E, ln_mult; auto. Qed.

  (** t + g = (1 - g) t + g (t + 1) *)
  Lemma ln_quotient_upper g t : 0 <= g <= 1 -> 0 < t -> ln (f (t + g)) <= ln (f (t + 1)) - (1 - g) * ln t.
  Proof.
    intros Hg Ht. pose proof Hf as (_ & _ & _ & C). specialize (C (1 - g) t (t + 1) ltac:(lra) Ht ltac:(lra)).
    replace ((1 - g) * t + (1 - (1 - g)) * (t + 1)) with (t + g) in C by ring.
    pose proof (ln_f_plus_1 t Ht). nra.
  Qed.

  (** t + 1 = g (t + g) + (1 - g) (t + g + 1) *)
  Lemma ln_quotient_lower g t : 0 <= g <= 1 -> 0 < t + g -> ln (f (t + 1)) - (1 - g) * ln (t + g) <= ln (f (t + g)).
  Proof.
    intros Hg Ht. pose proof Hf as (_ & _ & _ & C). specialize (C g (t + g) (t + g + 1) Hg Ht ltac:(lra)).
    replace (g * (t + g) + (1 - g) * (t + g + 1)) with (t + 1) in C by ring.
    pose proof (ln_f_plus_1 (t + g) Ht). nra.
  Qed.
End Quotient.

Lemma f_plus_n f x n : is_gamma f -> 0 < x -> f (x + INR n) = f x * prod (fun i => x + INR i) n.
Proof.
  intros (_ & _ & E & _) Hx. induction n as [|n IH]; [simpl; rewrite Rplus_0_r; ring|].
  rewrite S_INR. replace (x + (INR n + 1)) with (x + INR n + 1) by ring.
  rewrite E by (pose proof (pos_INR n); lra). rewrite IH. simpl prod. ring.
Qed.

Lemma Gamma_fact n : Gamma (INR n + 1) = INR (fact n).
Proof.
  replace (INR n + 1) with (1 + INR n) by ring.
  rewrite (f_plus_n Gamma 1 n Gamma_is_gamma), Gamma_1, rising_1; lra.
Qed.

(** ** Uniqueness: two such functions differ by at most a factor 1 + x/n, for every n *)

Lemma small_is_0 c d : (forall n, Rabs d <= c / INR (S n)) -> d = 0.
Proof.
  intros H. destruct (Req_dec d 0) as [|Hd]; [easy|]. exfalso. pose proof (Rabs_pos_lt d Hd) as Hp.
  destruct (nfloor_ex (Rabs (c / Rabs d))) as [n Hn]; [apply Rabs_pos|].
  specialize (H n). rewrite S_INR in H. pose proof (Rle_abs (c / Rabs d)).
  apply (Rmult_le_compat_r (INR n + 1)) in H; [|pose proof (pos_INR n); lra].
  replace (c / (INR n + 1) * (INR n + 1)) with (c / Rabs d * Rabs d) in H by (field; pose proof (pos_INR n); lra). nra.
Qed.

Lemma gamma_unique_to_1 f x : is_gamma f -> 0 < x <= 1 -> ln (f x) = ln (Gamma x).
Proof.
  intros Hf Hx. apply Rminus_diag_uniq, (small_is_0 x). intros n.
  pose proof Gamma_is_gamma as HG. assert (HN : 0 < INR (S n)) by (apply lt_0_INR; lia).
  assert (E : forall g, is_gamma g -> g (INR (S n) + 1) = INR (fact (S n)) /\ ln (g (INR (S n) + x)) = ln (g x) + ln (prod (fun i => x + INR i) (S n))).
  { intros g Hg. pose proof Hg as (G1 & GP & _). split.
    - replace (INR (S n) + 1) with (1 + INR (S n)) by ring. rewrite (f_plus_n g 1 (S n) Hg), G1, rising_1; lra.
    - rewrite Rplus_comm, (f_plus_n g x (S n) Hg) by lra. apply ln_mult; [apply GP; lra | apply rising_pos; lra]. }
  destruct (E f Hf) as [F1 F2]. destruct (E Gamma HG) as [G1 G2].
  pose proof (ln_quotient_upper f Hf x (INR (S n)) ltac:(lra) HN). pose proof (ln_quotient_lower f Hf x (INR (S n)) ltac:(lra) ltac:(lra)).
  pose proof (ln_quotient_upper Gamma HG x (INR (S n)) ltac:(lra) HN). pose proof (ln_quotient_lower Gamma HG x (INR (S n)) ltac:(lra) ltac:(lra)).
  rewrite F1, F2 in *. rewrite G1, G2 in *.
  assert (L : 0 <= ln (INR (S n) + x) - ln (INR (S n)) <= x / INR (S n)).
  { split; [pose proof (ln_le_incr (INR (S n)) (INR (S n) + x)); lra|].
    replace (INR (S n) + x) with (INR (S n) * (1 + x / INR (S n))) by (field; lra).
    assert (0 < x / INR (S n)) by (apply Rdiv_lt_0_compat; lra).
    rewrite ln_mult by lra. pose proof (ln_le_minus_1 (1 + x / INR (S n))). lra. }
  apply Rabs_le. nra.
Qed.

Lemma gamma_unique f m : is_gamma f -> forall x, 0 < x <= INR m + 1 -> f x = Gamma x.
Proof.
  intros Hf. pose proof Gamma_is_gamma as HG. induction m as [|m IH]; intros x Hx.
  - apply ln_inv; [apply Hf; lra | apply HG; lra | apply gamma_unique_to_1; [easy | simpl in Hx; lra]].
  - destruct (Rle_dec x 1) as [H1|H1].
    + apply ln_inv; [apply Hf; lra | apply HG; lra | apply gamma_unique_to_1; [easy | lra]].
    + rewrite S_INR in Hx. replace x with (x - 1 + 1) by ring. destruct Hf as (_ & _ & Ef & _). destruct HG as (_ & _ & EG & _).
      rewrite Ef, EG, IH; lra.
Qed.

Theorem ours_gamma_function_holds : ours_gamma_function.
Proof.
  split; [apply Gamma_is_gamma | split; [|apply Gamma_fact]].
  intros f Hf x Hx. destruct (nfloor_ex x) as [m Hm]; [lra|]. apply (gamma_unique f m Hf). lra.
Qed.
