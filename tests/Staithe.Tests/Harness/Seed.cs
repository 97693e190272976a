using System.Globalization;

namespace Staithe.Tests.Harness;

/// <summary>
/// Random input that can be had again: the seed is always the same, unless <c>TEST_SEED</c> names another, and a failing test shows it.
/// </summary>
internal static class Seed
{
    const string Variable = "TEST_SEED";
    const int Usual = 5000;

    static readonly int Value = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : Usual;

    /// <summary>A source of random numbers for one test.</summary>
    public static Random Random()
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"to repeat: {Variable}={Value.ToString(CultureInfo.InvariantCulture)}");
        return new Random(Value);
    }

    public static T Pick<T>(this Random random, params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];

    /// <summary>Text of up to <paramref name="maxLength"/> pieces out of an alphabet.</summary>
    public static string Text(this Random random, int maxLength, params ReadOnlySpan<string> alphabet) =>
        string.Concat(random.GetItems(alphabet, random.Next(maxLength + 1)));

    public static byte[] Bytes(this Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
