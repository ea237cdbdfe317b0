using MediaRelay.Media.Rtp;

namespace MediaRelay.Media.Tests.Rtp;

public sealed class AudioTests
{
    [Fact]
    public void Each_G711_code_survives_decoding_and_encoding()
    {
        var codes = Enumerable.Range(0, 256).Select(i => (byte)i).ToArray();
        var samples = new short[256];
        var back = new byte[256];
        G711.DecodeMuLaw(codes, samples);
        G711.EncodeMuLaw(samples, back);
        // Mu-law has two zeros; the negative one (0x7f) comes back as the positive one.
        Assert.Equal(codes.Select(c => c == 0x7f ? (byte)0xff : c), back);
        G711.DecodeALaw(codes, samples);
        G711.EncodeALaw(samples, back);
        Assert.Equal(codes, back);
    }

    [Theory]
    [InlineData(0x00, -32124)]
    [InlineData(0x80, 32124)]
    [InlineData(0xff, 0)]
    [InlineData(0xf0, 120)]
    public void Mu_law_samples_are_those_of_the_standard(byte code, short sample)
    {
        var samples = new short[1];
        G711.DecodeMuLaw([code], samples);
        Assert.Equal(sample, samples[0]);
    }

    [Theory]
    [InlineData(0xd5, 8)]
    [InlineData(0x55, -8)]
    [InlineData(0x2a, -32256)]
    [InlineData(0xaa, 32256)]
    public void A_law_samples_are_those_of_the_standard(byte code, short sample)
    {
        var samples = new short[1];
        G711.DecodeALaw([code], samples);
        Assert.Equal(sample, samples[0]);
    }

    [Fact]
    public void The_error_of_a_code_is_within_its_step()
    {
        var coded = new byte[1];
        var decoded = new short[1];
        for (var value = (int)short.MinValue; value <= short.MaxValue; value += 7)
        {
            var allowed = Math.Max(16, Math.Abs(value) / 16 + 8);
            G711.EncodeMuLaw([(short)value], coded);
            G711.DecodeMuLaw(coded, decoded);
            Assert.InRange(Math.Abs(decoded[0] - value), 0, value < -32600 || value > 32600 ? 700 : allowed);
            G711.EncodeALaw([(short)value], coded);
            G711.DecodeALaw(coded, decoded);
            Assert.InRange(Math.Abs(decoded[0] - value), 0, value < -32600 || value > 32600 ? 700 : allowed);
        }
    }

    [Fact]
    public void Levels_run_from_full_scale_to_silence()
    {
        short[] tone = [.. Enumerable.Range(0, 160).Select(i => (short)(3276.7 * Math.Sin(i * Math.PI / 10)))];
        Assert.Equal(23, AudioLevel.Of(tone));
        Assert.Equal(AudioLevel.Silence, AudioLevel.Of(new short[160]));
        Assert.Equal(0, AudioLevel.Of([.. Enumerable.Repeat(short.MinValue, 10)]));
        var coded = new byte[160];
        G711.EncodeMuLaw(tone, coded);
        Assert.InRange(G711.Level(coded, isALaw: false), 22, 24);
        G711.EncodeALaw(tone, coded);
        Assert.InRange(G711.Level(coded, isALaw: true), 22, 24);
        Assert.True(AudioLevel.TryRead([AudioLevel.Write(30, true)], out var level, out var voice) && level == 30 && voice);
        Assert.False(AudioLevel.TryRead([], out _, out _));
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("fc00", 960)]
    [InlineData("7800", 960)]
    [InlineData("0000", 480)]
    [InlineData("e000", 120)]
    [InlineData("fd0000", 1920)]
    [InlineData("fd00", 0)]
    [InlineData("fb06", 5760)]
    [InlineData("fb07", 0)]
    [InlineData("fb", 0)]
    [InlineData("1800", 2880)]
    public void Opus_durations_come_from_the_first_byte(string packet, int duration) => Assert.Equal(duration, OpusPayload.Duration(Convert.FromHexString(packet)));

    [Fact]
    public void Aac_access_units_are_split_and_damaged_headers_refused()
    {
        byte[] payload = [0, 32, 0, 3 << 3, 0, 2 << 3, 1, 2, 3, 4, 5];
        Assert.True(AacPayload.TryRead(payload, out var units));
        var list = new List<byte[]>();
        foreach (var unit in units) list.Add(unit.ToArray());
        Assert.Equal([[1, 2, 3], [4, 5]], list);
        for (var cut = 0; cut < payload.Length; cut++) Assert.False(AacPayload.TryRead(payload.AsSpan(0, cut), out _));
        var buffer = new byte[20];
        Assert.Equal(7, AacPayload.Write([7, 8, 9], buffer));
        Assert.True(AacPayload.TryRead(buffer.AsSpan(0, 7), out units) && units.MoveNext() && units.Current.SequenceEqual((byte[])[7, 8, 9]));
        Assert.False(AacPayload.TryRead([0, 16, 0, 3 << 3 | 1, 1, 2, 3], out _));
    }

    [Fact]
    public void A_telephone_event_survives_a_round_trip()
    {
        var buffer = new byte[4];
        Assert.True(TelephoneEvent.TryFromKey('#', out var number));
        var press = new TelephoneEvent(number, true, 10, 1600);
        Assert.True(press.TryWrite(buffer));
        Assert.True(TelephoneEvent.TryRead(buffer, out var read));
        Assert.Equal((press, '#'), (read, read.Key));
        Assert.False(TelephoneEvent.TryRead(buffer.AsSpan(0, 3), out _));
        Assert.False(TelephoneEvent.TryFromKey('x', out _));
    }
}
