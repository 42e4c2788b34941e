"""Where each name of `framework.profiler` is."""

from framework.profiler.flame import flame_graph as flame_graph
from framework.profiler.recorder import Recorder as Recorder
from framework.profiler.schedules import ProfilerAction as ProfilerAction
from framework.profiler.schedules import ProfilerActivity as ProfilerActivity
from framework.profiler.schedules import schedule as schedule
from framework.profiler.schedules import supported_activities as supported_activities
from framework.profiler.session import profile as profile
from framework.profiler.session import record_function as record_function
from framework.profiler.session import tensorboard_trace_handler as tensorboard_trace_handler
from framework.profiler.spans import Span as Span
