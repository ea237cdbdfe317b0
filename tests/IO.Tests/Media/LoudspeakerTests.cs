using System.Buffers.Binary;
using System.Runtime.InteropServices;
using MediaRelay.Media.IO.Audio;

namespace MediaRelay.IO.Tests.Media;

/// <summary>A voice goes through a command of the operator's: samples come out of its other end.</summary>
public sealed class LoudspeakerTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public async Task The_command_gets_the_samples_in_order_with_silence_for_losses_and_ends_with_its_owner()
    {
        string child;
        await using (var speaker = new LoudspeakerTalkBack("sh", "-c", $"echo $$ > {_file}.pid; exec cat > {_file}"))
        {
            // Two out of order, one twice, one missing.
            foreach (var i in (ushort[])[0, 1, 3, 2, 4, 4, 5, 6, 8, 9, 11, 10, 12, 13, 14, 15, 16, 17, 18, 19]) speaker.HandleRtp(Voice(i));
            await Until.TrueAsync(() => new FileInfo(_file).Length >= 20 * 320, "all samples are played");
            child = (await File.ReadAllTextAsync(_file + ".pid")).Trim();
            Assert.True(Directory.Exists($"/proc/{child}"));
        }
        Assert.False(Directory.Exists($"/proc/{child}"));
        File.Delete(_file + ".pid");
        var samples = MemoryMarshal.Cast<byte, short>(await File.ReadAllBytesAsync(_file)).ToArray();
        Assert.Equal(20 * 160, samples.Length);
        for (var i = 0; i < 20; i++)
        {
            var expected = new short[1];
            if (i != 7) MediaRelay.Media.Rtp.G711.DecodeMuLaw([(byte)(0x80 + i)], expected);
            Assert.All(samples[(i * 160)..((i + 1) * 160)], s => Assert.Equal(expected[0], s));
        }
    }

    [Fact]
    public async Task A_command_that_cannot_be_started_is_tried_again_with_the_next_words()
    {
        string program = _file + ".sh";
        await using (var speaker = new LoudspeakerTalkBack(program))
        {
            ushort number = 0;
            speaker.HandleRtp(Voice(number++));
            await Until.TrueAsync(() => speaker.Failures > 0, "the command was tried");
            await File.WriteAllTextAsync(program, $"#!/bin/sh\nexec cat > {_file}\n");
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            await Until.TrueAsync(() =>
            {
                speaker.HandleRtp(Voice(number++));
                return new FileInfo(_file).Length > 0;
            }, "it plays");
        }

        File.Delete(program);
    }

    private static byte[] Voice(ushort number)
    {
        var packet = new byte[12 + 160];
        (packet[0], packet[1]) = (0x80, 0);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), number);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), (uint)(number * 160));
        packet[11] = 9;
        packet.AsSpan(12).Fill((byte)(0x80 + number));
        return packet;
    }
}
