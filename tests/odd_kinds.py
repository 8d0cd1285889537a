"""What goes wrong with files and situations, by kind, and the tests that try each.

`odd_page.py` runs them and writes docs/odd_files.md.
"""

# kind -> rows of (what is tried, what is right, tests)
KINDS = {
    "Shared state": [
        (
            "one `Upscaler` or `LiteModel` in many threads, pictures of mixed sizes, both engines",
            "each thread gets its own picture, that of one thread",
            [
                "upscaling/test_sharing.py::test_threads_get_their_own_pictures",
                "upscaling/test_sharing.py::test_threads_equal_one_thread",
                "upscaling/test_sharing.py::test_threads_may_make_upscalers_of_one_model",
                "lite/test_runtime.py::test_threads_give_the_pictures_of_one_thread",
            ],
        ),
        (
            "pickles, copies, forked and spawned processes, before and after use",
            "the same pictures",
            [
                "upscaling/test_sharing.py::test_pickles_and_copies",
                "upscaling/test_sharing.py::test_other_processes",
                "lite/test_runtime.py::test_a_used_one_is_pickled_and_goes_on",
                "lite/test_runtime.py::test_a_forked_process_goes_on",
            ],
        ),
        (
            "descriptors, umask, signals, methods, Keras' settings after use",
            "as they were",
            [
                "lite/test_runtime.py::test_the_process_is_left_as_it_was",
                "test_nothing_is_patched.py::test_nothing_is_patched",
                "utils/test_atomic_file.py::test_the_umask_belongs_to_the_process",
            ],
        ),
    ],
    "Paths of a batch": [
        (
            "equal names in several folders, patterns, other formats, links, results that are"
            " inputs, files that join later",
            "one path for each job, the same whatever else is there, never an input's; else an"
            " error before anything is written",
            [
                "upscaling/test_batch.py::test_folders_and_patterns_keep_their_tree",
                "upscaling/test_batch.py::test_equal_names_of_several_folders_are_refused"
                "_with_advice",
                "upscaling/test_batch.py::test_the_format_may_change_beside_a_file_of_that_format",
                "upscaling/test_batch.py::test_no_result_takes_an_inputs_place",
                "upscaling/test_batch_inputs.py::test_results_of_earlier_runs",
                "upscaling/test_batch.py::test_plans",
                "upscaling/test_batch_runs.py::test_two_results_that_turn_out_to_be_one_file",
            ],
        ),
        (
            "one file that fails, by whatever exception, and the signals that stop a run",
            "one line; the others are made, and nothing half-written is left",
            [
                "upscaling/test_batch_runs.py::test_one_broken_file_never_ends_a_batch",
                "upscaling/test_upscale_files.py::test_nothing_is_left_of_a_failure",
                "test_cli.py::test_a_stop_leaves_no_half_written_file",
                "test_cli_output.py::test_the_next_run_tidies_up_after_a_killed_one",
            ],
        ),
        (
            "finished results; a folder's other files",
            "they are not opened; the last line counts them by suffix",
            [
                "upscaling/test_batch.py::test_what_is_finished_is_not_opened",
                "upscaling/test_batch_inputs.py::test_what_is_left_out_is_counted_by_suffix",
                "test_cli.py::test_a_folder_with_everything_in_it",
            ],
        ),
    ],
    "Metadata that cannot be read": [
        (
            "EXIF that is garbage, cut, of wrong types, not ASCII, in four formats to five",
            "the picture, and a note that names the file",
            ["upscaling/test_damaged_metadata.py::test_bad_exif_stops_no_picture"],
        ),
        (
            "tags of a TIFF of wrong types, damaged ICC profiles, more than JPEG holds",
            "the picture, and a note",
            [
                "upscaling/test_damaged_metadata.py::test_bad_tags_of_a_tiff_stop_no_picture",
                "upscaling/test_damaged_metadata.py::test_damaged_profiles_are_left_out",
                "upscaling/test_damaged_metadata.py::test_metadata_too_large_for_jpeg_is_left_out"
                "_with_one_note",
                "upscaling/test_picture_colors.py::test_primaries_that_are_none",
            ],
        ),
    ],
    "Metadata that is lost": [
        (
            "EXIF, GPS, XMP, ICC, IPTC, resolution, comment, texts: seven formats to seven",
            "all that the result's format holds; a note on the rest",
            ["upscaling/test_picture_metadata.py::test_every_field_that_the_result_can_hold"],
        ),
    ],
    "Metadata that is false afterwards": [
        (
            "orientations in EXIF and XMP that agree or not, in five formats to five",
            "turned once, by EXIF; both say 1 afterwards",
            ["upscaling/test_outdated_metadata.py::test_orientations_agree"],
        ),
        (
            "gain maps, depth, motion, panoramas, regions, crops, thumbnails, sizes in pixels,"
            " texts that hold profiles, arrays, colors that were converted",
            "gone, or scaled",
            [
                "upscaling/test_outdated_metadata.py::test_xmp_of_what_is_gone",
                "upscaling/test_outdated_metadata.py::test_sizes_in_pixels_follow_the_picture",
                "upscaling/test_outdated_metadata.py::test_regions_of_a_turned_picture_are_gone",
                "upscaling/test_outdated_metadata.py::test_thumbnails_and_previews_are_gone",
                "upscaling/test_outdated_metadata.py::test_raw_profiles_in_texts_apply_once",
                "upscaling/test_outdated_metadata.py::test_descriptions_of_a_tiffs_arrays_are_gone",
                "upscaling/test_outdated_metadata.py::test_what_speaks_of_converted_colors_is_gone",
            ],
        ),
    ],
    "Colors": [
        (
            "cICP and light of HDR, wide primaries, gamma, gray profiles, a TIFF's primaries",
            "kept, converted so that they look the same, or refused with the reason",
            [
                "upscaling/test_picture_colors.py::test_cicp_is_kept_where_the_format_has_it",
                "upscaling/test_picture_colors.py::test_hdr_is_refused_elsewhere",
                "upscaling/test_picture_colors.py::test_wide_colors_look_the_same_in_formats"
                "_without_cicp",
                "upscaling/test_picture_colors.py::test_a_pngs_gamma_looks_the_same",
                "upscaling/test_picture_colors.py::test_gray_profiles_stay_with_gray",
                "upscaling/test_picture_colors.py::test_gray_profiles_of_colored_pictures"
                "_are_left_out",
                "upscaling/test_picture_colors.py::test_the_light_of_an_hdr_picture"
                "_is_kept_or_told",
                "upscaling/test_picture_colors.py::test_the_primaries_of_a_tiff",
                "upscaling/test_picture_colors.py::test_a_curve_that_is_left_out_is_told",
            ],
        ),
    ],
    "Depths": [
        (
            "8 and 16 bits of gray, RGB and alpha; keys, planes, premultiplied, white is zero,"
            " 9 to 14 bits; PNG and TIFF",
            "equal pixels in both depths",
            [
                "upscaling/test_depths.py::test_png",
                "upscaling/test_depths.py::test_color_keys_of_png",
                "upscaling/test_depths.py::test_color_keys_of_few_bits",
                "upscaling/test_depths.py::test_tiff",
                "upscaling/test_depths.py::test_planes_of_tiff",
                "upscaling/test_depths.py::test_premultiplied_alpha_of_tiff",
                "upscaling/test_depths.py::test_white_is_zero",
                "upscaling/test_depths.py::test_grays_of_odd_depths",
                "upscaling/test_depths.py::test_what_is_written_is_read_and_turned_alike",
            ],
        ),
        (
            "float, signed, 32 bits, five samples, cameras' raw files, HEIC, JPEG XL, PPM, videos,"
            " web pages, ... under a picture's name",
            "refused by their name",
            [
                "upscaling/test_unread_pictures.py::test_other_formats_are_named",
                "upscaling/test_unread_pictures.py::test_what_is_no_picture_is_named",
                "upscaling/test_unread_pictures.py::test_other_samples_are_refused_by_their_name",
                "upscaling/test_unread_pictures.py::test_jpeg_of_12_bits_is_refused_by_its_name",
            ],
        ),
    ],
    "Videos": [
        (
            "pixels that are no squares, turned videos, rates that are clocks, frames with their"
            " own times, late starts; five kinds of file",
            "as in the original, upright",
            [
                "upscaling/test_video.py::test_shape_of_pixels",
                "upscaling/test_video.py::test_turned_videos_are_upright",
                "upscaling/test_video_times.py::test_a_constant_rate_is_kept",
                "upscaling/test_video_times.py::test_frames_keep_their_own_times",
                "upscaling/test_video_times.py::test_a_picture_that_starts_late_stays_so",
            ],
        ),
        (
            "sound, subtitles, chapters, tags of color, HDR, 10 bits, alpha, covers",
            "kept, or named in a note; HDR refused",
            [
                "upscaling/test_video_tracks.py::test_all_tracks_go_along",
                "upscaling/test_video_colors.py::test_colors_are_kept_and_named_truly",
                "upscaling/test_video_colors.py::test_untagged_colors_are_what_players_take_them_for",
                "upscaling/test_video_colors.py::test_hdr_is_refused",
                "upscaling/test_video_tracks.py::test_what_is_dropped_is_told",
                "upscaling/test_video_tracks.py::test_a_cover_is_told",
            ],
        ),
        (
            "playlists under a video's name, names that are addresses, odd answers of ffprobe,"
            " cut and damaged files",
            "no other file is opened; one line",
            [
                "upscaling/test_video_strangers.py::test_a_playlist_opens_no_other_file",
                "upscaling/test_video_strangers.py::test_a_name_is_no_address",
                "upscaling/test_video_probe.py::test_odd_answers_are_one_line",
                "upscaling/test_video_strangers.py::test_a_cut_video_is_a_line_or_a_note",
                "upscaling/test_video_stops.py::test_nothing_is_left_of_an_interrupted_video",
                "upscaling/test_video_stops.py::test_a_signal_ends_both_ffmpegs",
            ],
        ),
        (
            "codecs that lose much, little or nothing",
            "the network for compressed pictures, and a note, where much is lost",
            ["upscaling/test_video.py::test_the_network_follows_the_codec"],
        ),
    ],
    "In a user's Keras program": [
        (
            "losses of one's own, mixed precision, wrapped networks; loading, upscaling, exporting",
            "it works, or one line says why not",
            [
                "test_users_networks.py",
                "upscaling/test_networks_in_tiles.py::test_gates_of_networks_in_networks",
                "upscaling/test_networks_in_tiles.py::test_layers_are_left_as_they_were",
            ],
        ),
        (
            "int8 on pages of text and on photographs",
            "within 0.1 dB of float",
            [
                "upscaling/test_int8.py::test_int8_is_near_float_on_a_page_that_it_was_not"
                "_calibrated_on",
                "upscaling/test_int8.py::test_int8_is_near_float_on_photographs",
            ],
        ),
        (
            "cascades that cannot start their blocks",
            "refused before they train",
            [
                "cascade/test_cascade.py::test_transfers_that_cannot_be_are_named",
                "cascade/test_cascade.py::test_a_cascade_that_cannot_start_its_blocks_is_refused"
                "_before_it_trains",
            ],
        ),
    ],
    "Command line": [
        (
            "long names, names that command terminals, encodings without the letters",
            "made, and shown in printable letters",
            [
                "upscaling/test_batch.py::test_long_names",
                "utils/test_printable.py",
                "test_cli_output.py::test_names_are_shown_and_not_obeyed",
                "test_cli_output.py::test_encodings_without_the_names_letters",
            ],
        ),
        (
            "unknown formats, named pipes, folders and files in each other's place",
            "one line",
            [
                "upscaling/test_batch_outputs.py::test_an_unknown_format_is_no_folder",
                "upscaling/test_batch_outputs.py::test_a_file_is_no_folder",
                "upscaling/test_batch_inputs.py::test_special_files_are_refused",
                "test_cli.py::test_refusals_are_one_line",
            ],
        ),
        (
            "private originals",
            "results that are as private",
            [
                "upscaling/test_batch_runs.py::test_results_are_as_private_as_originals",
                "utils/test_atomic_file.py::test_modes",
            ],
        ),
    ],
    "Bombs": [
        (
            "pages, frames, tiles and canvases beyond the limit, very many frames, results that"
            " nothing opens, memory that ends",
            "refused before they are decoded, with the reason",
            [
                "upscaling/test_strangers.py",
                "presets/test_security.py::test_too_many_pixels_are_refused_unread",
                "upscaling/test_batch.py::test_what_memory_cannot_hold_is_refused",
            ],
        ),
    ],
}
