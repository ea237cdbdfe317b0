using System.CommandLine;
using System.Globalization;
using System.Numerics;

namespace MediaRelay.Server.Commands;

/// <summary>Numbers of the command line that have a range: what is outside of it is a sentence, before anything is done.</summary>
internal static class OptionRange
{
    public static Option<T> Within<T>(this Option<T> option, T least, T most)
        where T : struct, INumber<T>
    {
        option.Validators.Add(result =>
        {
            // Written so that NaN is refused too.
            if (result.GetValueOrDefault<T>() is var value && !(value >= least && value <= most))
                result.AddError(string.Create(CultureInfo.InvariantCulture, $"{option.Name} needs {least} to {most}."));
        });
        return option;
    }
}
