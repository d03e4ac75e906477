(** The normal distribution: Phi, defined by an integral from 0, has the limits 0 and 1, and the first bounds on it. *)

From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Sessa Require Import Statements.
Open Scope R_scope.

(** [use L] applies L and leaves its hypotheses; unification is that of [refine], which Coquelicot's structures need. *)
Tactic Notation "use" uconstr(L) :=
  refine L || refine (L _) || refine (L _ _) || refine (L _ _ _) || refine (L _ _ _ _) || refine (L _ _ _ _ _)
  || refine (L _ _ _ _ _ _) || refine (L _ _ _ _ _ _ _) || refine (L _ _ _ _ _ _ _ _) || refine (L _ _ _ _ _ _ _ _ _).

(** * Calculus *)

(** A function whose derivative is not negative rises. *)
Lemma rises (f df : R -> R) (a b : R) :
  a <= b -> (forall x, a <= x <= b -> is_derive f x (df x)) -> (forall x, a <= x <= b -> 0 <= df x) -> f a <= f b.
Proof.
  intros Hab Hd Hp. destruct (MVT_gen f a b df) as [c [Hc E]].
  - intros x Hx. rewrite Rmin_left, Rmax_right in Hx by easy. apply Hd. lra.
  - intros x Hx. rewrite Rmin_left, Rmax_right in Hx by easy.
    apply continuity_pt_filterlim, (ex_derive_continuous f). eexists. now apply Hd.
  - rewrite Rmin_left, Rmax_right in Hc by easy. specialize (Hp c Hc). nra.
Qed.

Lemma constant (f : R -> R) (a b : R) : (forall x, is_derive f x 0) -> f a = f b.
Proof.
  intros H. assert (A : forall x y, x <= y -> f x = f y).
  { intros x y Hxy. apply Rle_antisym.
    - apply rises with (fun _ => 0); [easy | intros; apply H | intros; lra].
    - apply Ropp_le_cancel, (rises (fun z => - f z) (fun _ => 0)); [easy | | intros; lra].
      intros z _. replace 0 with (opp 0) by (unfold opp; simpl; ring). use is_derive_opp. apply H. }
  destruct (Rle_dec a b); [now apply A|]. symmetry. apply A. lra.
Qed.

(** * The density *)

Lemma sqrt_2PI_pos : 0 < sqrt (2 * PI).
Proof. apply sqrt_lt_R0. pose proof PI_RGT_0. lra. Qed.

Lemma phi_pos (x : R) : 0 < phi x.
Proof. apply Rdiv_lt_0_compat; [apply exp_pos | apply sqrt_2PI_pos]. Qed.

Lemma phi_0 : phi 0 = / sqrt (2 * PI).
Proof. unfold phi. replace (- (0 * 0) / 2) with 0 by lra. rewrite exp_0. unfold Rdiv. ring. Qed.

Lemma phi_opp (x : R) : phi (- x) = phi x.
Proof. unfold phi. now replace (- x * - x) with (x * x) by ring. Qed.

Lemma phi_le_0 (x : R) : phi x <= phi 0.
Proof.
  unfold phi, Rdiv at 1 3. apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat, sqrt_2PI_pos|].
  assert (H : - (x * x) / 2 <= - (0 * 0) / 2) by nra.
  destruct H as [H|H]; [left; now apply exp_increasing | rewrite H; lra].
Qed.

Lemma is_derive_phi (x : R) : is_derive phi x (- x * phi x).
Proof. unfold phi. auto_derive; [easy|]. unfold Rdiv. field. pose proof sqrt_2PI_pos. lra. Qed.

Lemma continuous_phi (x : R) : continuous phi x.
Proof. apply (ex_derive_continuous phi). eexists. apply is_derive_phi. Qed.

Lemma ex_RInt_phi (a b : R) : ex_RInt phi a b.
Proof. use ex_RInt_continuous. intros; apply continuous_phi. Qed.

(** * The distribution function *)

Lemma is_derive_Phi (x : R) : is_derive Phi x (phi x).
Proof.
  unfold Phi. replace (phi x) with (plus 0 (phi x)) by (unfold plus; simpl; ring).
  use is_derive_plus; [use is_derive_const|].
  use is_derive_RInt; [|apply continuous_phi].
  apply filter_forall. intros y. use RInt_correct. apply ex_RInt_phi.
Qed.

Lemma Phi_0 : Phi 0 = 1 / 2.
Proof. unfold Phi. rewrite RInt_point. unfold zero. simpl. lra. Qed.

Lemma Phi_rises (a b : R) : a <= b -> Phi a <= Phi b.
Proof.
  intros H. apply rises with phi; [easy | intros; apply is_derive_Phi | intros; left; apply phi_pos].
Qed.

(** Phi(-x) + Phi(x) has derivative 0, and is 1 at 0. *)
Lemma Phi_opp (x : R) : Phi (- x) = 1 - Phi x.
Proof.
  assert (E : Phi x + Phi (- x) = Phi 0 + Phi (- 0)).
  { apply (constant (fun y => Phi y + Phi (- y)) x 0). intros y.
    replace 0 with (phi y + (- phi (- y))) by (rewrite phi_opp; ring).
    use is_derive_plus; [apply is_derive_Phi|].
    replace (- phi (- y)) with (scal (- 1) (phi (- y))) by (unfold scal; simpl; unfold mult; simpl; ring).
    use is_derive_comp; [apply is_derive_Phi|]. auto_derive; [easy | ring]. }
  rewrite Ropp_0, Phi_0 in E. lra.
Qed.

(** Phi moves from 1/2 by at most x / sqrt(2 pi). *)
Lemma Phi_near_half (x : R) : 0 <= x -> 1 / 2 <= Phi x <= 1 / 2 + x * phi 0.
Proof.
  intros H. rewrite <- Phi_0. split; [now apply Phi_rises|].
  enough (0 * phi 0 - Phi 0 <= x * phi 0 - Phi x) by lra.
  apply (rises (fun y => y * phi 0 - Phi y) (fun y => phi 0 - phi y)); [easy | |].
  - intros y _. use is_derive_minus; [auto_derive; [easy | ring] | apply is_derive_Phi].
  - intros y _. pose proof (phi_le_0 y). lra.
Qed.

(** * The Gaussian integral *)

Definition kernel (x s : R) : R := exp (- (x * x) * (1 + s * s) / 2) / (1 + s * s).
Definition companion (x : R) : R := RInt (kernel x) 0 1 / PI.

Lemma positive_denominator (s : R) : 1 + s * s <> 0.
Proof. nra. Qed.

Lemma is_derive_kernel (x s : R) : is_derive (fun u => kernel u s) x (- x * exp (- (x * x) * (1 + s * s) / 2)).
Proof. unfold kernel. pose proof (positive_denominator s). auto_derive; [easy|]. unfold Rdiv. field. easy. Qed.

Lemma continuous_kernel (x s : R) : continuous (kernel x) s.
Proof.
  apply (ex_derive_continuous (kernel x)). unfold kernel. pose proof (positive_denominator s). auto_derive. easy.
Qed.

Lemma ex_RInt_kernel (x a b : R) : ex_RInt (kernel x) a b.
Proof. use ex_RInt_continuous. intros; apply continuous_kernel. Qed.

(** Differentiation under the integral. *)
Lemma is_derive_companion (x : R) :
  is_derive companion x (- x / PI * RInt (fun s => exp (- (x * x) * (1 + s * s) / 2)) 0 1).
Proof.
  assert (D : is_derive (fun u => RInt (kernel u) 0 1) x (RInt (fun s => Derive (fun u => kernel u s) x) 0 1)).
  { apply is_derive_RInt_param.
    - apply filter_forall. intros y s _. eexists. apply is_derive_kernel.
    - intros s _. apply continuity_2d_pt_ext with (fun u v => - u * exp (- (u * u) * (1 + v * v) / 2)).
      { intros u v. symmetry. apply is_derive_unique, is_derive_kernel. }
      apply continuity_2d_pt_mult; [apply continuity_2d_pt_opp, continuity_2d_pt_id1|].
      apply (continuity_1d_2d_pt_comp exp (fun u v => - (u * u) * (1 + v * v) / 2)).
      { apply derivable_continuous_pt, derivable_pt_exp. }
      repeat (apply continuity_2d_pt_mult || apply continuity_2d_pt_plus || apply continuity_2d_pt_opp
              || apply continuity_2d_pt_id1 || apply continuity_2d_pt_id2 || apply continuity_2d_pt_const).
    - apply filter_forall. intros y. apply ex_RInt_kernel. }
  unfold companion.
  assert (E : RInt (fun s => Derive (fun u => kernel u s) x) 0 1 = - x * RInt (fun s => exp (- (x * x) * (1 + s * s) / 2)) 0 1).
  { rewrite <- (RInt_scal (V := R_CompleteNormedModule)).
    - apply RInt_ext. intros s _. etransitivity; [apply is_derive_unique, is_derive_kernel | reflexivity].
    - use ex_RInt_continuous. intros s _.
      apply (ex_derive_continuous (fun s => exp (- (x * x) * (1 + s * s) / 2))). auto_derive. easy. }
  rewrite E in D.
  replace (- x / PI * _) with (scal (/ PI) (- x * RInt (fun s => exp (- (x * x) * (1 + s * s) / 2)) 0 1))
    by (unfold scal; simpl; unfold mult; simpl; unfold Rdiv; ring).
  apply (is_derive_ext (fun u => scal (/ PI) (RInt (kernel u) 0 1))).
  { intros t. unfold scal. simpl. unfold mult. simpl. unfold Rdiv. ring. }
  use is_derive_scal. exact D.
Qed.

(** The integral of phi from 0 to x, with its variable divided by x. *)
Lemma RInt_phi_scaled (x : R) : RInt phi 0 x = x * RInt (fun s => phi (x * s)) 0 1.
Proof.
  pose proof (RInt_comp_lin (V := R_CompleteNormedModule) phi x 0 0 1 (ex_RInt_phi _ _)) as E.
  replace (x * 0 + 0) with 0 in E by ring. replace (x * 1 + 0) with x in E by ring. rewrite <- E.
  transitivity (scal x (RInt (fun s => phi (x * s)) 0 1)); [|reflexivity].
  rewrite <- (RInt_scal (V := R_CompleteNormedModule) (fun s => phi (x * s)) 0 1 x).
  - apply RInt_ext. intros s _. now rewrite Rplus_0_r.
  - use ex_RInt_continuous. intros s _. apply (continuous_comp (fun s => x * s) phi); [|apply continuous_phi].
    apply (ex_derive_continuous (fun s => x * s)). auto_derive. easy.
Qed.

(** (Phi - 1/2)^2 + companion is constant: its derivative is 0. *)
Lemma sum_is_constant (x : R) : (Phi x - 1 / 2) ^ 2 + companion x = companion 0.
Proof.
  transitivity ((Phi 0 - 1 / 2) ^ 2 + companion 0); [|rewrite Phi_0; lra].
  apply (constant (fun y => (Phi y - 1 / 2) ^ 2 + companion y)). intros y.
  pose proof sqrt_2PI_pos as P2. pose proof PI_RGT_0 as PP.
  assert (S2 : sqrt (2 * PI) * sqrt (2 * PI) = 2 * PI) by (apply sqrt_sqrt; lra).
  set (K := RInt (fun s => exp (- (y * y) * (1 + s * s) / 2)) 0 1).
  replace 0 with (plus (2 * (Phi y - 1 / 2) * phi y) (- y / PI * K)).
  - use is_derive_plus; [|apply is_derive_companion].
    evar_last. { apply (is_derive_pow (fun z => Phi z - 1 / 2) 2 y (phi y)).
      replace (phi y) with (minus (phi y) 0) by (unfold minus, plus, opp; simpl; ring).
      use is_derive_minus; [apply is_derive_Phi | use is_derive_const]. }
    simpl. ring.
  - assert (H : Phi y - 1 / 2 = RInt phi 0 y) by (unfold Phi; lra). rewrite H, RInt_phi_scaled.
    assert (E : phi y * RInt (fun s => phi (y * s)) 0 1 = / (2 * PI) * K).
    { unfold K. rewrite <- !(RInt_scal (V := R_CompleteNormedModule)).
      - apply RInt_ext. intros s _. unfold scal. simpl. unfold mult. simpl. unfold phi.
        replace (- (y * y) * (1 + s * s) / 2) with (- (y * y) / 2 + - (y * s * (y * s)) / 2) by field.
        rewrite exp_plus. replace (/ (2 * PI)) with (/ sqrt (2 * PI) * / sqrt (2 * PI)) by (rewrite <- Rinv_mult, S2; easy).
        unfold Rdiv. ring.
      - use ex_RInt_continuous. intros s _.
        apply (ex_derive_continuous (fun s => exp (- (y * y) * (1 + s * s) / 2))). auto_derive. easy.
      - use ex_RInt_continuous. intros s _. apply (continuous_comp (fun s => y * s) phi); [|apply continuous_phi].
        apply (ex_derive_continuous (fun s => y * s)). auto_derive. easy. }
    unfold plus. simpl. replace (2 * (y * RInt (fun s => phi (y * s)) 0 1) * phi y)
      with (2 * y * (phi y * RInt (fun s => phi (y * s)) 0 1)) by ring.
    rewrite E. field. lra.
Qed.

(** At 0 the kernel is the derivative of the arctangent. *)
Lemma companion_0 : companion 0 = 1 / 4.
Proof.
  unfold companion. replace (RInt (kernel 0) 0 1) with (atan 1 - atan 0).
  - rewrite atan_1, atan_0. field. apply PI_neq0.
  - symmetry. apply is_RInt_unique. use is_RInt_derive.
    + intros s _. replace (kernel 0 s) with (/ (1 + s ^ 2)).
      * apply is_derive_Reals. apply derivable_pt_lim_atan.
      * unfold kernel. replace (- (0 * 0) * (1 + s * s) / 2) with 0 by field. rewrite exp_0.
        field. pose proof (positive_denominator s). simpl. lra.
    + intros s _. apply continuous_kernel.
Qed.

(** The companion is at most exp(-x^2/2): so is the distance of (Phi - 1/2)^2 from 1/4. *)
Lemma companion_bound (x : R) : 0 <= companion x <= exp (- (x * x) / 2).
Proof.
  pose proof PI_RGT_0 as P. pose proof (exp_pos (- (x * x) / 2)) as PE.
  assert (B : forall s, 0 <= kernel x s <= exp (- (x * x) / 2)).
  { intros s. assert (D : 1 <= 1 + s * s) by nra. assert (I : 0 < / (1 + s * s) <= 1).
    { split; [apply Rinv_0_lt_compat; lra | rewrite <- Rinv_1; apply Rinv_le_contravar; lra]. }
    assert (L : exp (- (x * x) * (1 + s * s) / 2) <= exp (- (x * x) / 2)).
    { assert (H : - (x * x) * (1 + s * s) / 2 <= - (x * x) / 2) by (pose proof (Rle_0_sqr (x * s)); unfold Rsqr in *; nra).
      destruct H as [H|H]; [left; now apply exp_increasing | rewrite H; lra]. }
    pose proof (exp_pos (- (x * x) * (1 + s * s) / 2)). unfold kernel, Rdiv at 1 3. split; nra. }
  assert (I : 0 <= RInt (kernel x) 0 1 <= exp (- (x * x) / 2)).
  { split.
    - use RInt_ge_0; [lra | apply ex_RInt_kernel | intros; apply B].
    - replace (exp (- (x * x) / 2)) with (RInt (fun _ => exp (- (x * x) / 2)) 0 1).
      + use RInt_le; [lra | apply ex_RInt_kernel | use ex_RInt_const | intros; apply B].
      + rewrite RInt_const. unfold scal. simpl. unfold mult. simpl. ring. }
  assert (1 < PI) by (pose proof PI2_1; lra).
  unfold companion. split.
  - apply Rmult_le_pos; [lra|]. left. now apply Rinv_0_lt_compat.
  - apply Rmult_le_reg_r with PI; [easy|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. nra.
Qed.

(** Phi is within 2 exp(-x^2/2) of 1, and below it. *)
Lemma Phi_near_1 (x : R) : 0 <= x -> 1 - 2 * exp (- (x * x) / 2) <= Phi x <= 1.
Proof.
  intros H. pose proof (sum_is_constant x) as E. rewrite companion_0 in E.
  pose proof (companion_bound x) as B. destruct (Phi_near_half x H) as [L _].
  set (d := Phi x - 1 / 2) in *. assert (0 <= d) by (unfold d; lra).
  assert (d <= 1 / 2) by nra. assert ((1 / 2 - d) * (1 / 2 + d) <= exp (- (x * x) / 2)) by nra.
  unfold d in *. split; nra.
Qed.

Lemma exp_below_inverse (x : R) : 0 < x -> exp (- (x * x) / 2) <= 2 / x.
Proof.
  intros H. replace (- (x * x) / 2) with (- (x * x / 2)) by field. rewrite exp_Ropp.
  pose proof (exp_ineq1_le (x * x / 2)) as L. pose proof (Rmult_lt_0_compat x x H H).
  apply Rle_trans with (/ (1 + x * x / 2)); [apply Rinv_le_contravar; lra|].
  apply Rmult_le_reg_r with (x * (1 + x * x / 2)); [nra|]. field_simplify; nra.
Qed.

Lemma Phi_limit : is_lim Phi p_infty 1.
Proof.
  apply (is_lim_le_le_loc (fun x => 1 - 2 * (2 / x)) (fun _ => 1)).
  - exists 0. intros x Hx. destruct (Phi_near_1 x) as [L U]; [lra|]. pose proof (exp_below_inverse x Hx). lra.
  - apply (is_lim_ext (fun x => 1 + - 4 * / x)); [intros; unfold Rdiv; ring|].
    replace (Finite 1) with (Rbar_plus 1 (Rbar_mult (- 4) 0)) by (simpl; f_equal; ring).
    use is_lim_plus'; [apply is_lim_const|].
    apply (is_lim_scal_l Rinv (- 4) p_infty 0). replace (Finite 0) with (Rbar_inv p_infty) by easy.
    apply is_lim_Rinv_p || (apply is_lim_inv; [apply is_lim_id | easy]).
  - apply is_lim_const.
Qed.

Theorem ours_normal_distribution_holds : ours_normal_distribution.
Proof.
  split; [exact is_derive_Phi|]. split; [exact Phi_limit|].
  apply (is_lim_ext (fun x => 1 - Phi (- x))); [intros; rewrite Phi_opp; ring|].
  replace (Finite 0) with (Finite (1 - 1)) by (f_equal; ring).
  apply is_lim_minus'; [apply is_lim_const|].
  apply (is_lim_comp Phi (fun x => - x) m_infty 1 p_infty); [exact Phi_limit | |].
  - replace p_infty with (Rbar_opp m_infty) by easy. apply is_lim_opp, is_lim_id.
  - exists 0. intros; easy.
Qed.
