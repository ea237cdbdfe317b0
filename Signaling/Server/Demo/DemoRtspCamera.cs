using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace MediaRelay.Server.Demo;

/// <summary>The demo's second camera as a real RTSP server beside the gateway, when GStreamer's is installed; it ends with the demo.</summary>
internal sealed class DemoRtspCamera : IDisposable
{
    private const string Python = "/usr/bin/python3";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    // The thread that reads to the end of its input ends the camera with the demo, also when that was killed.
    private const string Script = """
        import os, sys, threading, gi
        gi.require_version('Gst', '1.0'); gi.require_version('GstRtspServer', '1.0')
        from gi.repository import Gst, GstRtspServer, GLib
        Gst.init(None)
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
        server = GstRtspServer.RTSPServer(); server.set_address('127.0.0.1'); server.set_service('0')
        factory = GstRtspServer.RTSPMediaFactory(); factory.set_shared(True)
        clock = 'timeoverlay ! ' if Gst.ElementFactory.find('timeoverlay') else ''
        launch = ('( videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=640,height=360,framerate=15/1 ! ' + clock + 'x264enc tune=zerolatency speed-preset=ultrafast '
            'key-int-max=30 bitrate=800 ! video/x-h264,profile=constrained-baseline ! rtph264pay name=pay0 pt=96 config-interval=-1 '
            'audiotestsrc is-live=true wave=ticks ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay1 pt=0 )')
        # What is not installed ends this here, before anybody is told of the camera.
        Gst.parse_launch_full(launch, None, Gst.ParseFlags.FATAL_ERRORS)
        factory.set_launch(launch)
        server.get_mount_points().add_factory('/hall', factory)
        server.attach(None)
        print(server.get_bound_port(), flush=True)
        GLib.MainLoop().run()
        """;

    private readonly Process _process;

    private DemoRtspCamera(Process process, int port) => (_process, Url) = (process, string.Create(CultureInfo.InvariantCulture, $"rtsp://127.0.0.1:{port}/hall"));

    /// <summary>Its address, as the gateway sees it.</summary>
    public string Url { get; }

    /// <summary>Starts it in the home's network; null when GStreamer's RTSP server or an element of it is not installed, or it does not start.</summary>
    public static async Task<DemoRtspCamera?> TryStartAsync(DemoNat? nat)
    {
        if (!File.Exists(Python))
            return null;
        string[] command = [.. nat is null ? [] : (string[])["ip", "netns", "exec", nat.Home], Python, "-c", Script];
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        }
        catch (Win32Exception)
        {
            return null;
        }

        _ = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(s_patience);
        try
        {
            if (int.TryParse(await process.StandardOutput.ReadLineAsync(limit.Token), NumberStyles.None, CultureInfo.InvariantCulture, out int port))
                return new DemoRtspCamera(process, port);
        }
        catch (OperationCanceledException)
        {
            // A camera that needs longer than this is none for a demo; the test picture takes its place.
        }

        End(process);
        return null;
    }

    public void Dispose() => End(_process);

    private static void End(Process process)
    {
        if (!process.HasExited)
            process.Kill();
        process.WaitForExit();
        process.Dispose();
    }
}
