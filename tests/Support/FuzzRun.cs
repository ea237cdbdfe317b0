using System.Globalization;

namespace MediaRelay.Tests.Support;

/// <summary>One input of a fuzz run; throws to report a finding.</summary>
public delegate void FuzzTarget(ReadOnlySpan<byte> input);

/// <summary>
/// Runs a target over mutated inputs. <c>MEDIARELAY_FUZZ_FACTOR</c> multiplies the number of inputs for long runs. A finding is
/// reported with its seed, its number and its bytes in hex, ready to be saved in the corpus.
/// </summary>
public static class FuzzRun
{
    /// <summary>Runs <paramref name="count"/> inputs and returns how many were run.</summary>
    /// <exception cref="FuzzException">The target threw.</exception>
    public static long Over(IReadOnlyList<byte[]> corpus, int seed, int count, FuzzTarget target, IReadOnlyList<byte[]>? tokens = null, int maxLength = 8192)
    {
        var mutator = new Mutator(corpus, seed, tokens, maxLength);
        var total = (long)count * Factor();
        for (long i = 0; i < total; i++)
        {
            var input = mutator.Next();
            try
            {
                target(input);
            }
            catch (Exception e)
            {
                throw new FuzzException($"Seed {seed}, input {i}, {input.Length} bytes: {Convert.ToHexStringLower(input)}", e);
            }
        }

        return total;
    }

    private static long Factor() =>
        long.TryParse(Environment.GetEnvironmentVariable("MEDIARELAY_FUZZ_FACTOR"), NumberStyles.None, CultureInfo.InvariantCulture, out var factor) && factor > 0 ? factor : 1;
}
