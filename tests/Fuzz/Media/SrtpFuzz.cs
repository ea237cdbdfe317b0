using System.Buffers.Binary;
using MediaRelay.Media.Srtp;
using MediaRelay.Tests.Support;

namespace MediaRelay.Fuzz.Media;

public class SrtpFuzz
{
    // Damaged packets cost an exception inside the class library with GCM, so that profile gets fewer inputs.
    [Theory]
    [InlineData(SrtpProfile.Aes128CmSha1Tag80, 250_000)]
    [InlineData(SrtpProfile.AeadAes128Gcm, 30_000)]
    public void Only_untouched_packets_pass_and_nothing_else_moves_the_state(SrtpProfile profile, int count)
    {
        using var sender = Context(profile);
        using var receiver = Context(profile);
        var corpus = new List<byte[]>();
        for (ushort i = 0; i < 40; i++)
        {
            var buffer = new byte[80];
            (buffer[0], buffer[1], buffer[11]) = (0x80, 96, 7);
            BinaryPrimitives.WriteUInt16BigEndian(buffer.AsSpan(2), (ushort)(65516 + i));
            Assert.Equal(SrtpStatus.Ok, sender.ProtectRtp(buffer, 40, out var written));
            corpus.Add(buffer[..written]);
        }
        byte[] rtcp = [0x80, 201, 0, 1, 0, 0, 0, 9, .. new byte[20]];
        Assert.Equal(SrtpStatus.Ok, sender.ProtectRtcp(rtcp, 8, out var length));
        corpus.Add(rtcp[..length]);
        var accepted = new HashSet<string>();
        var copy = new byte[9000];
        FuzzRun.Over(corpus, seed: 6, count, input =>
        {
            input.CopyTo(copy);
            if (receiver.UnprotectRtp(copy.AsSpan(0, input.Length), out _) == SrtpStatus.Ok && !accepted.Add(Convert.ToHexString(input))) throw new InvalidOperationException("A packet passed twice.");
            input.CopyTo(copy);
            if (receiver.UnprotectRtcp(copy.AsSpan(0, input.Length), out _) == SrtpStatus.Ok && !accepted.Add("c" + Convert.ToHexString(input))) throw new InvalidOperationException("A report passed twice.");
        });
        Assert.All(accepted, a => Assert.Contains(corpus, c => a.TrimStart('c') == Convert.ToHexString(c)));
        Assert.Equal(41, accepted.Count);
    }

    private static SrtpContext Context(SrtpProfile profile) => new(new SrtpKey(profile, new byte[SrtpKey.KeyLength(profile)], new byte[SrtpKey.SaltLength(profile)]));
}
