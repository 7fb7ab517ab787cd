"""The hub's table of numbers. Its reference is made from here; `make docs` writes it."""

from common.metrics import COUNTER, GAUGE, Metric

_DEVICE = ("device", "role", "window")

# Only told where the hub has a radio.
RADIO = (
    Metric("tingting_radio_up", GAUGE, "1: this Bluetooth adapter scans; 0: see /readyz for why not", ("adapter",)),
    Metric("tingting_radio_links", GAUGE, "Boxes that it is connected to now", ("adapter",)),
    Metric(
        "tingting_radio_total",
        COUNTER,
        "What it did: connects, failures, links lost, attempts called off",
        ("adapter", "what"),
    ),
    Metric("tingting_device_rssi_dbm", GAUGE, "How strong the box was heard last; above -80 is good", _DEVICE),
    Metric("tingting_device_heard_seconds", GAUGE, "Since when its advertisement was not heard", _DEVICE),
    Metric("tingting_device_radio_total", COUNTER, "Links to this box: connects, failures, lost", (*_DEVICE, "what")),
)

HUB = (
    Metric("tingting_up", GAUGE, "1: the hub answers", ("version",)),
    Metric("tingting_ready", GAUGE, "1: the journal takes events and nothing is forked or refused; else see /readyz"),
    Metric("tingting_clock_sure", GAUGE, "1: the clock can be trusted; 0: it was not set since the machine started"),
    Metric("tingting_journal_durable", GAUGE, "Sequence of the last event that is safe on disk"),
    Metric("tingting_journal_queued", GAUGE, "Events waiting for the disk"),
    Metric("tingting_uplink_state", GAUGE, "1 for the state that the uplink is in", ("state",)),
    Metric("tingting_uplink_stored_through", GAUGE, "Sequence of the last event that the center has"),
    Metric("tingting_uplink_behind_events", GAUGE, "Events that the center lacks"),
    Metric("tingting_uplink_total", COUNTER, "What the uplink did: batches, events, failures, gaps, forks", ("what",)),
    Metric("tingting_lines", GAUGE, "Lines configured"),
    Metric("tingting_lines_open", GAUGE, "Lines open now"),
    Metric("tingting_line_rejected_frames_total", COUNTER, "Damaged frames on all lines"),
    Metric("tingting_line_rejected_packets_total", COUNTER, "Packets dropped on all lines"),
    Metric("tingting_devices_registered", GAUGE, "Devices in the registry"),
    Metric("tingting_devices_online", GAUGE, "Devices proven now"),
    Metric("tingting_device_online", GAUGE, "1: this device is proven now", _DEVICE),
    Metric(
        "tingting_device_silent_seconds", GAUGE, "Since when it is silent; absent: not heard since the start", _DEVICE
    ),
    *RADIO,
    Metric("tingting_device_facts_total", COUNTER, "Facts of devices made durable"),
    Metric("tingting_device_faults_total", COUNTER, "Faults that the hub saw", ("code",)),
    Metric("tingting_update_running", GAUGE, "1: boxes are being given a new firmware; 0: no, or it has stopped"),
    Metric("tingting_update_boxes", GAUGE, "Boxes of the last update, by how far they are", ("state",)),
    Metric("tingting_update_steps_total", COUNTER, "Steps of updates that were asked of boxes"),
    Metric("tingting_invitations_total", COUNTER, "Invitations to rate, by whether a device took them", ("result",)),
    Metric("tingting_queue_waiting", GAUGE, "Citizens waiting", ("service",)),
    Metric("tingting_voice_total", COUNTER, "What the voice did: readings, engine_failures, card_failures", ("what",)),
    Metric("tingting_voice_waiting", GAUGE, "Calls that wait to be read out"),
    Metric(
        "tingting_printer_ready",
        GAUGE,
        "1: this printer at the hub may be asked for paper; 0: see /admin",
        ("printer",),
    ),
    Metric("tingting_printer_waiting", GAUGE, "Papers that wait for this printer", ("printer",)),
    Metric("tingting_printer_papers_total", COUNTER, "Papers: printed, failed", ("printer", "what")),
    Metric("tingting_led_line_up", GAUGE, "1: the line to this window's LED module takes what is shown", ("window",)),
    Metric(
        "tingting_led_line_failures_total", COUNTER, "Times that the module's line was lost or refused", ("window",)
    ),
    Metric("tingting_stream_readers", GAUGE, "Boards and pages on the live stream"),
    Metric("tingting_stream_let_go_total", COUNTER, "Readers of the stream that lagged and were let go"),
)
