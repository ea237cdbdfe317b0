using System.Buffers.Binary;
using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using MediaRelay.Media.IO;
using MediaRelay.Media.IO.Cameras;
using MediaRelay.Media.Sdp;
using Microsoft.Extensions.Logging.Abstractions;
using Spectre.Console;

namespace MediaRelay.Load;

/// <summary>One camera forwarded to many viewers by one media host: what a forwarded packet costs the loop's thread.</summary>
internal static partial class MediaLoad
{
    private const int ThreadCpuClock = 3;

    public static Command Create()
    {
        var viewers = new Option<int[]>("--viewers") { Description = "Numbers of viewers, one row each.", DefaultValueFactory = _ => [1, 10, 50] };
        var seconds = new Option<double>("--seconds") { Description = "Length of each measurement in seconds.", DefaultValueFactory = _ => 5 };
        var rate = new Option<int>("--rate") { Description = "Video packets of 1100 bytes per second that the camera sends.", DefaultValueFactory = _ => 300 };
        var command = new Command("media", """
            Measures CPU time per forwarded SRTP packet on the media loop's thread, with real endpoints over loopback sockets
            (ICE, DTLS, AES-GCM) in this process. The viewers run on another thread, which is not counted.
            Example: dotnet run -c Release --project perf/Load -- media --viewers 1 --viewers 50
            """)
        { viewers, seconds, rate };
        command.SetAction((parse, cancellation) => RunAsync(parse.GetValue(viewers)!, TimeSpan.FromSeconds(parse.GetValue(seconds)), parse.GetValue(rate), cancellation));
        return command;
    }

    private static async Task RunAsync(int[] viewers, TimeSpan length, int rate, CancellationToken cancellation)
    {
        var table = new Table().AddColumns("viewers", "packets/s sent", "CPU us per packet", "loop busy %", "bytes allocated per packet", "lost in loop");
        foreach (var count in viewers) table.AddRow(await MeasureAsync(count, length, rate, cancellation));
        AnsiConsole.Write(table);
    }

    private static async Task<string[]> MeasureAsync(int count, TimeSpan length, int rate, CancellationToken cancellation)
    {
        var options = new MediaOptions { UseLoopback = true, Addresses = ["127.0.0.1"] };
        await using var sender = new MediaHost(options, TimeProvider.System, NullLoggerFactory.Instance);
        await using var receiver = new MediaHost(options, TimeProvider.System, NullLoggerFactory.Instance);
        await using var source = sender.OpenSource(new PacedCamera(rate));
        for (var i = 0; i < count; i++)
        {
            var outgoing = sender.CreateEndpoint(new MediaEndpointSettings { Source = source });
            var viewer = receiver.CreateEndpoint(new MediaEndpointSettings { Publish = true });
            var answer = await viewer.CreateAnswerAsync(await outgoing.CreateOfferAsync(cancellation: cancellation), cancellation: cancellation);
            await outgoing.SetAnswerAsync(answer, cancellation);
            await outgoing.Connected.WaitAsync(TimeSpan.FromSeconds(20), cancellation);
        }
        await Task.Delay(TimeSpan.FromSeconds(1), cancellation);
        var before = await SampleAsync(sender);
        await Task.Delay(length, cancellation);
        var after = await SampleAsync(sender);
        var packets = after.Packets - before.Packets;
        var cpu = after.Cpu - before.Cpu;
        string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
        return
        [
            count.ToString(CultureInfo.InvariantCulture),
            Text(packets / (after.At - before.At).TotalSeconds, "0"),
            Text(cpu.TotalMicroseconds / Math.Max(1, packets), "0.00"),
            Text(100 * cpu / (after.At - before.At), "0.0"),
            Text((after.Allocated - before.Allocated) / (double)Math.Max(1, packets), "0.0"),
            sender.Loop.PacketsLost.ToString(CultureInfo.InvariantCulture),
        ];
    }

    private static Task<(TimeSpan At, TimeSpan Cpu, long Packets, long Allocated)> SampleAsync(MediaHost host) => host.Loop.InvokeAsync(() =>
    {
        Span<long> time = stackalloc long[2];
        _ = clock_gettime(ThreadCpuClock, ref time[0]);
        return (host.Loop.Now, TimeSpan.FromSeconds(time[0]) + TimeSpan.FromMicroseconds(time[1] / 1000.0), host.Counted.PacketsSent, GC.GetAllocatedBytesForCurrentThread());
    });

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, ref long time);

    /// <summary>Sends frames of ten H.264-shaped packets at a steady rate, a key frame every two seconds.</summary>
    private sealed class PacedCamera(int rate) : ICamera
    {
        private const int PacketsPerFrame = 10;

        public string Name => "paced";

        public async Task RunAsync(ICameraSink sink, CancellationToken cancellation)
        {
            sink.HandleTracks([new CameraTrack(0, MediaKind.Video, KnownCodecs.H264(96))], null);
            var packet = new byte[1100];
            ushort sequence = 0;
            using var timer = new PeriodicTimer(TimeSpan.FromSeconds(PacketsPerFrame / (double)rate));
            for (var frame = 0; await timer.WaitForNextTickAsync(cancellation); frame++)
            {
                var isKey = frame % Math.Max(1, 2 * rate / PacketsPerFrame) == 0;
                for (var part = 0; part < PacketsPerFrame; part++)
                {
                    packet[0] = 0x80;
                    packet[1] = (byte)(96 | (part == PacketsPerFrame - 1 ? 0x80 : 0));
                    BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), sequence++);
                    BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), (uint)(frame * 3000));
                    packet[12] = 0x7C;
                    packet[13] = (byte)((part == 0 ? 0x80 : 0) | (part == PacketsPerFrame - 1 ? 0x40 : 0) | (isKey ? 5 : 1));
                    sink.HandleRtp(0, packet);
                }
            }
        }
    }
}
