// Browsers, coturn's clients and GStreamer keep their own clocks; two at a time on two cores make them give up without a fault of ours.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
