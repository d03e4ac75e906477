"""The list of behaviours: ways to be wrong other than a mistake in one of the layer's formulas."""

from dataclasses import dataclass

from sessa_ref.faults.fault import Area


@dataclass(frozen=True, eq=False)
class Behaviour:
    """A way to be wrong that is not one of the layer's formulas."""

    name: str
    description: str
    cause: str
    fix: str
    area: Area = "behaviour"
    formula: str = ""


BEHAVIOURS: dict[str, Behaviour] = {
    behaviour.name: behaviour
    for behaviour in (
        Behaviour("OverwritesInput", "It changes its input in place.", "An in-place operation on x or on a view of it.", "Work on a new tensor."),
        Behaviour("KeepsState", "What it computed before makes a difference.", "A buffer, a table or a cache on the module that is not renewed.", "Compute from the arguments alone."),
        Behaviour("IgnoresInput", "Its output is the same for every input and every token.", "The output is a constant, zero for example, or computed from parameters alone.", "Compute the output from x."),
        Behaviour("ReusesOutputMemory", "A later call changes an output that was handed out before.", "Outputs are views of a buffer of the module.", "Return new memory."),
        Behaviour("SharesDecodingState", "Two sequences that are decoded in turn disturb each other.", "The cache lives on the module instead of being handed over.", "Keep everything of a sequence in its own cache."),
        Behaviour("MixesBatchRows", "An output depends on other rows of the batch.", "A reduction, a reshape or an index over the batch axis.", "Treat every row by itself."),
        Behaviour("WrongForStridedInputs", "It takes strided inputs for contiguous ones.", "view, data pointers or as_strided on memory that is taken for contiguous.", "Respect strides, or call contiguous()."),
        Behaviour("WrongForStridedCotangents", "It takes strided cotangents for contiguous ones.", "A backward pass that takes memory for contiguous.", "Respect strides, or call contiguous()."),
        Behaviour("WrongInTraining", "It computes something else in training mode.", "Dropout, noise or a shortcut in training mode.", "Compute the same in both modes."),
        Behaviour("PartialGradientsWrong", "Its gradients are wrong where only some of them are wanted.", "The backward pass relies on an input that needs no gradient.", "Handle every combination of wanted gradients."),
        Behaviour("Random", "Two equal calls give different results.", "Dropout, noise, uninitialised memory, or a race.", "Compute deterministically, and switch randomness off."),
        Behaviour("WrongDtype", "The result has another dtype than the input.", "A constant or a cast that changes the dtype.", "Return the input's dtype."),
        Behaviour("WrongShape", "The result has another shape than it should.", "A squeeze, a slice or a broadcast.", "Return the input's shape."),
        Behaviour("NotFinite", "It gives NaN or infinity where the result is finite.", "An overflow, a division by zero, or uninitialised memory.", "Subtract maxima before exp, and guard denominators."),
        Behaviour("ReadsLaterTokens", "Outputs depend on later tokens.", "A mask, a shift, a reduction over tokens, or a transposed solve.", "Let token t read tokens up to t."),
        Behaviour("WrongForSomeLengths", "It is wrong for some numbers of tokens.", "A block size, a buffer or a special case.", "Treat every length alike."),
        Behaviour("WrongFromSomeToken", "It is right up to some token and wrong from there on.", "A buffer, a block or a window of limited size.", "Treat every token alike."),
        Behaviour("WrongForSomeLayers", "It is wrong for some configs or inputs.", "A special case, or a size that is mistaken for an equal one.", "Treat every config alike."),
        Behaviour("OtherGain", "The outputs follow from another gain, everything else being right.", "Another function than gamma_max tanh, or another argument.", "Use gamma_t = gamma_max tanh(<w, u_t> + b)."),
        Behaviour("OtherFeedbackWeights", "The outputs of the first tokens follow from other gains or feedback weights, everything else being right.", "Another mask, score or softmax in the feedback attention.", "Use B_tj = gamma_t alpha_tj over j < t."),
        Behaviour("OtherForwardWeights", "The outputs of the first tokens follow from other weights of the forward attention, everything else being right.", "Another mask, score, rotation or softmax in the forward attention.", "Use alpha_tj = softmax over j <= t of <q_t, k_j>/sqrt(d)."),
        Behaviour("WrongStage", "A stage of the layer gives another result than it should.", "A formula of this stage.", "Compare this stage with the definition."),
        Behaviour("WrongInOnePrecision", "It is right in one precision and not in another.", "A cast, or a constant of one dtype.", "Compute in the dtype that is asked for."),
        Behaviour("WrongGradients", "Some gradients are wrong.", "A hand-written backward pass, a detach or a hook.", "Differentiate the definition."),
        Behaviour("BackwardLosesPrecision", "Its backward pass rounds to a lower precision.", "A cast of a gradient, or a backward pass under autocast.", "Compute gradients in the dtype of the outputs."),
        Behaviour("LosesPrecision", "Part of it computes in a lower precision.", "A cast, an autocast region, or a buffer of another dtype.", "Compute everything in the dtype that is asked for."),
        Behaviour("ProductsInTfloat32", "Its products of float32 matrices have factors in TF32.", "TF32 is switched on in torch, or a kernel multiplies in it, as Triton's tl.dot does by default.", 'Switch it off: torch.backends.cuda.matmul.allow_tf32 = False; in Triton, input_precision="ieee". Or accept errors of eleven bits.'),
        Behaviour("ComputesFloat32", "It computes in float32.", "A cast to float32, or constants of that dtype.", "Compute in the dtype that is asked for."),
        Behaviour("ComputesFloat16", "It computes in float16.", "A cast or an autocast region.", "Compute in the dtype that is asked for."),
        Behaviour("ComputesBfloat16", "It computes in bfloat16.", "A cast or an autocast region.", "Compute in the dtype that is asked for."),
        Behaviour("DecodesFloat32", "It decodes in float32.", "A cache of that dtype, or a cast in the prefill or the step.", "Decode in the dtype that is asked for.", "decode"),
        Behaviour("DecodesFloat16", "It decodes in float16.", "A cache of that dtype, or a cast in the prefill or the step.", "Decode in the dtype that is asked for.", "decode"),
        Behaviour("DecodesBfloat16", "It decodes in bfloat16.", "A cache of that dtype, or a cast in the prefill or the step.", "Decode in the dtype that is asked for.", "decode"),
    )
}  # fmt: skip
"""Every behaviour by its name."""
