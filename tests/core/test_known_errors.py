"""Errors of published code for unlearning in language models, and the tests which show that they are not made here.

Each was found in code or threads of TOFU, OpenUnlearning, Closer look, NPO, SimNPO, LUF or peft. Whoever meets another
one adds a row. Not in the table is what concerns MUSE's files and ICU's stopping rules, which are not here, and scores
in [0, 1] that are made of the area of an attack by no published formula, which no metric has.
"""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

ANSWERS = "metrics/language/test_answer_metrics.py"
TOKENS = "metrics/language/test_token_metrics.py"
WRITTEN = "metrics/language/test_written_metrics.py"
ATTACKS = "metrics/attacks/test_text_attacks.py"
PAIRS, MAKING, SETS = (f"data/text/test_pair_{name}.py" for name in ("data", "making", "sets"))
LOSSES, TERMS, KNOWN, STEPS, VARIANTS = (
    f"methods/language/test_{name}.py"
    for name in ("forget_losses", "token_terms", "known_losses", "token_methods", "forget_variants")
)
PRETRAINED, MERGING = (f"models/language/test_{name}.py" for name in ("pretrained_models", "merging"))
BASES, PROCESSES = "models/test_base_making.py", "training/processes/test_text_processes.py"
SCORES, GENERATIONS = "observations/test_token_scores.py", "observations/test_generations.py"

KEPT_OUT: dict[str, tuple[str, ...]] = {
    # data
    "perturbed answers are joined to the retain set by row number, though there are fewer of them": (
        f"{PAIRS}::test_perturbed_answers_are_joined_by_question_and_answer",
    ),
    "question and answer become tokens apart, so that a short answer melts into its prompt and has no target": (
        f"{MAKING}::test_an_answer_of_one_letter_that_melts_into_the_prompt_keeps_its_target",
    ),
    "an answer begins at the padded length of its prompt, or at a constant": (
        f"{SETS}::test_targets_are_those_of_the_answer_and_one_end",
        f"{SETS}::test_a_row_is_the_same_alone_and_beside_longer_ones",
    ),
    "prompts are cut after they became tokens, or in conversations not at all": (
        f"{MAKING}::test_a_long_question_is_refused_and_never_cut",
    ),
    "whether begin-of-text is added depends on the release of a library, and no record states it": (
        f"{MAKING}::test_begin_of_text_is_written_where_it_is_asked_for_and_never_twice",
        "config/test_pair_configurations.py::test_what_is_made_of_pairs_follows_from_their_settings",
    ),
    "labels of unmasked questions include padding": (
        f"{SETS}::test_unmasked_sequences_have_labels_on_the_prompt_and_never_on_padding",
    ),
    "refusals are in no repository, or of several answers only the last is refused": (
        f"{MAKING}::test_the_refusals_are_a_hundred_and_are_hashed",
        f"{SETS}::test_a_replaced_answer_follows_the_prompt_of_its_row",
    ),
    "reading a row seeds the global generator, so that a row meets the same partner and refusal in every pass": (
        f"{SETS}::test_refusals_differ_between_passes_and_repeat_with_the_seed",
        f"{SETS}::test_draws_leave_the_global_generators_alone",
        f"{STEPS}::test_pairs_follow_from_seed_and_model_and_are_those_of_every_method",
    ),
    "a full quota ends the whole split": (f"{PAIRS}::test_a_full_quota_ends_no_split",),
    "a flag is true because it is a text": (f"{PAIRS}::test_a_truth_value_is_no_number",),
    # models
    "an adapter is stored, and which base it belongs to is not": (
        f"{PRETRAINED}::test_factors_of_another_base_are_refused",
        f"{BASES}::test_jobs_get_the_folder_and_refuse_changed_files",
    ),
    "a disabled adapter leaves trained modules on, so that the reference is not the original": (
        f"{PRETRAINED}::test_the_reference_is_the_original_whatever_the_model_becomes",
        f"{PRETRAINED}::test_only_factors_are_trained_and_stored_and_come_back",
    ),
    "merging in bfloat16 changes the outputs": (
        f"{MERGING}::test_logits_of_merged_models_are_those_of_the_terms",
        f"{MERGING}::test_a_merged_weight_is_the_sum_in_float32_and_not_in_bfloat16",
    ),
    "dropout of an adapter, or of its base, acts in evaluation": (
        f"{PRETRAINED}::test_dropout_is_drawn_from_the_state_and_in_training_only",
        f"{PRETRAINED}::test_the_base_has_no_dropout_whatever_its_name",
    ),
    "a configuration of one size is given the weights of another": (
        f"{PRETRAINED}::test_weights_that_lack_a_tensor_are_refused",
    ),
    # training
    "every process draws the same retained rows, so that more processes give other results": (
        f"{PROCESSES}::test_shares_of_a_step_cover_it_and_come_in_equal_numbers",
        f"{PROCESSES}::test_two_processes_train_the_model_of_one",
    ),
    "one recipe gives other results where the model is divided among processes": (
        f"{PROCESSES}::test_adapters_in_two_processes_are_those_of_one_whatever_each_holds",
    ),
    "the loss is divided by the accumulation twice": (
        "training/language/test_pretrained_training.py::test_accumulation_divides_the_loss_once",
    ),
    "the documented batch is not the one that is used": (
        "training/language/test_step_arithmetic.py::test_every_model_says_it_before_its_first_step",
        "training/language/test_step_arithmetic.py::test_it_is_what_the_run_does",
        f"{STEPS}::test_the_arithmetic_of_every_set_is_in_the_log",
    ),
    "so small a forget set is unlearned in so few steps that all methods look alike": (
        f"{STEPS}::test_few_steps_are_warned_about",
    ),
    "the warm-up depends on the number of GPUs": (f"{STEPS}::test_learning_rates_warm_up_and_fall_to_zero",),
    "a batch without a target makes the loss NaN and destroys the weights": (
        f"{KNOWN}::test_simnpo_counts_a_sequence_without_targets_as_nothing",
        "methods/language/test_token_guard.py::test_a_loss_that_is_no_number_stops_any_method",
    ),
    # methods
    "a line left for debugging makes the loss of DPO that of its last term": (
        f"{LOSSES}::test_a_gradient_is_the_slope_of_the_formula",
        f"{KNOWN}::test_dpo_starts_at_two_over_beta_times_log_two",
    ),
    "preferences are computed from logits in place of log probabilities, or with a hidden sign": (
        f"{LOSSES}::test_only_log_probabilities_count",
        f"{TERMS}::test_npo_starts_at_two_over_beta_times_log_two",
        f"{TERMS}::test_npo_starts_with_the_gradient_of_ascent",
    ),
    "divergences, UNDIAL and PDU average over prompts and padding, index by -100, or do not shift the labels": (
        f"{TERMS}::test_padding_changes_neither_loss_nor_gradient",
        f"{LOSSES}::test_padding_changes_neither_loss_nor_gradient",
        f"{LOSSES}::test_what_stands_before_and_after_the_targets_changes_nothing",
        f"{STEPS}::test_seventeen_more_positions_of_padding_change_nothing",
    ),
    "the activation loss of RMU compares every sequence with every other": (
        f"{KNOWN}::test_the_gradient_of_a_hidden_distance",
        f"{LOSSES}::test_a_loss_and_its_gradient_are_those_of_the_formula",
    ),
    "the multiplier of PDU moves once per forward pass and process": (
        f"{VARIANTS}::test_lambda_moves_once_a_step_by_the_loss_of_the_whole_batch",
    ),
    "a reference is copied or computed and not used, or is in train mode": (
        f"{STEPS}::test_no_forward_pass_is_wasted_and_the_reference_is_in_eval_mode",
    ),
    "a retain set that is smaller than a batch or than the forget set is read beyond its end": (
        "training/language/test_step_arithmetic.py::test_a_set_that_is_smaller_than_a_batch_is_the_batch",
    ),
    # observations
    "end of text is hidden wherever it is the padding token, also within a prompt": (
        f"{GENERATIONS}::test_they_are_those_of_a_plain_loop_in_any_batch",
        f"{GENERATIONS}::test_transformers_with_a_cache_and_padding_on_the_left_answers_the_same",
    ),
    "answers and probabilities depend on the batch": (
        f"{GENERATIONS}::test_they_are_those_of_a_plain_loop_in_any_batch",
        "observations/test_answers.py::test_what_shares_a_batch_changes_nothing",
        "training/language/test_sequence_values.py::test_values_do_not_depend_on_what_shares_the_batch",
    ),
    "padding counts in perplexity": (f"{TOKENS}::test_perplexity_counts_every_target_the_same_and_no_padding",),
    "the prompt is removed from an answer by replacing strings, which removes its words from the answer too": (
        f"{GENERATIONS}::test_an_answer_that_contains_its_question_is_compared_whole",
    ),
    "whether ROUGE stems words, and whether it is recall or F1, is not said": (
        f"{GENERATIONS}::test_words_of_the_question_stay_in_the_answer_and_stems_count_where_that_is_said",
    ),
    "scores of a model in bfloat16 are rounded, so that attacks see ties": (
        f"{SCORES}::test_scores_are_float32_and_distinct_where_a_model_is_sure",
        f"{SCORES}::test_a_model_in_bfloat16_has_scores_without_ties",
    ),
    "a judge: the first number of a text is taken, nothing found is an average, and the order of two answers decides": (
        "observations/test_judges.py::test_what_is_in_another_form_says_nothing",
        "observations/test_judged.py::test_both_orders_are_asked_and_what_they_say_together",
        "metrics/language/test_judge_metrics.py::test_a_judge_that_answers_nonsense_gives_no_number",
        "metrics/language/test_judge_metrics.py::test_replies_that_cannot_be_read_are_no_ties",
    ),
    "of two texts the longer one scores 0": (
        "metrics/language/test_judge_metrics.py::test_long_answers_are_compared_as_they_are_and_words_are_needed",
    ),
    "a failing generation ends with status 0": ("artifacts/test_job.py::test_the_users_error_ends_the_job",),
    # metrics
    "four numbers are called truth ratio": (f"{ANSWERS}::test_every_form_of_the_truth_ratio_is_that_by_hand",),
    "probabilities among options are not normalised by length, and nothing says so": (
        f"{ANSWERS}::test_probability_among_options_is_of_probabilities_normalised_by_length",
    ),
    "forget quality is p in one table, its logarithm in another, and None without a reference": (
        f"{ANSWERS}::test_forget_quality_is_the_test_of_scipy_of_every_model_and_the_oracle_after_its_own",
        f"{ANSWERS}::test_what_has_no_reference_is_refused",
        f"{ANSWERS}::test_a_p_value_that_no_number_holds_has_the_smallest_logarithm",
    ),
    "more is taken for better, though only nearness to the retrained models counts": (
        f"{ANSWERS}::test_models_on_either_side_of_the_retrained_ones_are_worse",
    ),
    "rows without a score are left out and the rest is numbered as if they were not": (
        f"{ANSWERS}::test_questions_without_wrong_answers_do_not_count_and_move_no_other",
        "observations/test_answers.py::test_a_question_with_fewer_answers_leaves_the_others_where_they_are",
    ),
    "end of text counts in extraction strength, memorisation and attacks": (
        f"{TOKENS}::test_a_model_that_is_right_everywhere_but_never_ends_knows_all",
        f"{TOKENS}::test_only_the_last_target_is_left_out_and_only_where_it_ends_an_answer",
    ),
    "extraction strength of what is never reproduced is 1/n": (
        f"{TOKENS}::test_a_model_that_is_wrong_everywhere_knows_nothing",
        f"{TOKENS}::test_a_sequence_of_which_nothing_counts_has_no_value",
    ),
    "PrivLeak grows without bound where the attack on retrained models nearly succeeds": (
        f"{ATTACKS}::test_priv_leak_by_hand_and_limited",
        f"{ATTACKS}::test_priv_leak_stays_within_what_it_declares",
    ),
    "a threshold or a direction is the wrong way round": (
        f"{ANSWERS}::test_both_ends_of_every_form",
        f"{ATTACKS}::test_an_oracle_leaks_nothing_and_both_ends_have_their_sign",
        f"{WRITTEN}::test_an_ideal_model_has_utility_one_and_a_useless_one_zero",
    ),
    "one utility of 0 makes the harmonic mean 0 unsaid, and a negative one makes it NaN": (
        f"{WRITTEN}::test_a_zero_makes_the_mean_zero_and_a_negative_number_is_refused",
    ),
}


@functools.cache
def functions_of(path: Path) -> set[str]:
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("error", KEPT_OUT)
def test_every_known_error_has_a_test(error: str) -> None:
    for place in KEPT_OUT[error]:
        path, _, name = place.partition("::")
        assert name in functions_of(TESTS / path), place
