using System.Diagnostics;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Tests.Support;

namespace MediaRelay.Fuzz.Qos;

/// <summary>A million mutated messages: no escape, and what can be read is read the same from its own copy.</summary>
public sealed class CopsFuzz
{
    private const int Rounds = 1_000_000;

    [Fact]
    public void A_million_mutated_messages_never_escape_and_copies_read_the_same()
    {
        byte[][] corpus = [.. Directory.GetFiles(VectorFile.Find("pcmm"), "*.hex").Order(StringComparer.Ordinal)
            .Where(f => !Path.GetFileName(f).StartsWith('2')).Select(f => VectorFile.Hex("pcmm/" + Path.GetFileName(f)))];
        Assert.True(corpus.Length >= 19);
        var random = new Random(20261121);
        var input = new byte[4096];
        var copy = new byte[8192];
        var again = new byte[8192];
        int read = 0, refused = 0;
        for (int round = 0; round < Rounds; round++)
        {
            int length = Mutate(corpus, random, input);
            ReadOnlySpan<byte> frame = input.AsSpan(0, length);
            if (!CopsMessage.TryRead(frame, out CopsMessage message, out CopsFault fault))
            {
                refused++;
                Debug.Assert(!fault.IsNone, "a refusal has a reason");
                continue;
            }
            if (!PcmmMessage.TryRead(message.Payload, PcmmLayout.Current, out PcmmMessage objects))
            {
                refused++;
                continue;
            }
            read++;
            Touch(objects);
            int first = MessageRewriter.Rewrite(message, copy);
            if (first < 0) continue;
            Assert.True(CopsMessage.TryRead(copy.AsSpan(0, first), out CopsMessage second, out _), $"round {round}: the copy is unreadable");
            int twice = MessageRewriter.Rewrite(second, again);
            if (twice != first || !copy.AsSpan(0, first).SequenceEqual(again.AsSpan(0, twice))) Assert.Fail($"round {round}: the copy reads differently");
        }
        Assert.True(read > Rounds / 20, $"only {read} messages were readable, the mutator is too wild");
        Assert.True(refused > Rounds / 20, $"only {refused} messages were refused, the mutator is too tame");
    }

    [Fact]
    public void Mutated_streams_split_anywhere_never_escape_a_connection()
    {
        byte[] session = [.. Enumerable.Range(0, 3).SelectMany(_ => new[] { "05-gate-set-flowspec-g711", "16-gate-delete", "18-synch-request", "04-keepalive" })
            .SelectMany(name => VectorFile.Hex($"pcmm/{name}.hex"))];
        byte[] open = VectorFile.Hex("pcmm/02-cat.hex");
        var random = new Random(7);
        var closed = 0;
        for (int round = 0; round < 5000; round++)
        {
            var connection = new CopsConnection(CopsRole.EnforcementPoint, new CopsSettings(), new CountingRandom((ulong)round), TimeSpan.Zero);
            byte[] stream = [.. open, .. session];
            for (int i = random.Next(4); i > 0; i--) stream[random.Next(stream.Length)] = (byte)random.Next(256);
            int at = 0;
            while (at < stream.Length)
            {
                int take = Math.Min(stream.Length - at, 1 + random.Next(200));
                ReadOnlySpan<byte> part = stream.AsSpan(at, take);
                while (connection.Next(ref part, TimeSpan.Zero, out CopsMessage message) is not CopsInput.None and var input)
                {
                    if (input == CopsInput.Message) PcmmMessage.TryRead(message.Payload, PcmmLayout.Current, out _);
                    if (input == CopsInput.Closed) closed++;
                }
                at += take;
            }
        }
        Assert.InRange(closed, 500, 5000);
    }

    private static void Touch(in PcmmMessage objects)
    {
        PcmmGrammar.Check(objects, southbound: true);
        PcmmGrammar.Check(objects, southbound: false);
        objects.TryGetProfile(out _);
        foreach (PcmmMessage.ObjectSequence item in objects.Classifiers) _ = item.Classifier.Matches(default);
        foreach (PcmmMessage.ObjectSequence item in objects.Amids) _ = item.Amid;
    }

    private static int Mutate(byte[][] corpus, Random random, byte[] input)
    {
        byte[] seed = corpus[random.Next(corpus.Length)];
        seed.CopyTo(input, 0);
        int length = seed.Length;
        for (int i = random.Next(4); i > 0; i--)
        {
            switch (random.Next(5))
            {
                case 0: input[random.Next(length)] ^= (byte)(1 << random.Next(8)); break;
                case 1: input[random.Next(length)] = (byte)random.Next(256); break;
                case 2: // Another message's part, a multiple of four long, keeps many results readable.
                    byte[] other = corpus[random.Next(corpus.Length)];
                    int from = random.Next(other.Length / 4) * 4, count = Math.Min(other.Length - from, 4 * (1 + random.Next(16)));
                    int to = random.Next(length / 4) * 4;
                    count = Math.Min(count, input.Length - to);
                    other.AsSpan(from, count).CopyTo(input.AsSpan(to));
                    length = Math.Max(length, to + count);
                    break;
                case 3: length = Math.Max(8, random.Next(length + 1)); break;
                default: length = Math.Min(input.Length, length + 4); break;
            }
        }
        if (random.Next(3) > 0) System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(input.AsSpan(4), length);
        return length;
    }
}
