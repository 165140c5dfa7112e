using Tidemark.Coordination.Consumer.Expressions;

namespace Tidemark.Coordination.Tests.Consumer;

public class TopicRegexTests
{
    [Theory]
    [InlineData("a.*", "a,ab,a.b", "b,ba,")]
    [InlineData(".*", ",a,orders-1", "")]
    [InlineData("", "", "a")]
    [InlineData("orders", "orders", "orders2,xorders,order")]
    [InlineData("a|b", "a,b", "ab,c,")]
    [InlineData("a|", "a,", "b")]
    [InlineData("(a|b)c", "ac,bc", "c,abc")]
    [InlineData("a+", "a,aaa", ",b")]
    [InlineData("a?b", "b,ab", "aab")]
    [InlineData("a*?b", "b,aab", "a")]
    [InlineData("a{2}", "aa", "a,aaa")]
    [InlineData("a{2,}", "aa,aaaaa", "a")]
    [InlineData("a{1,3}", "a,aaa", ",aaaa")]
    [InlineData("a{0}b", "b", "ab")]
    [InlineData("(ab){2,3}?", "abab,ababab", "ab,abababab")]
    [InlineData("a{.2}", "a{.2}", "a,aa")]
    [InlineData("a{x}", "a{x}", "a")]
    [InlineData("{1", "{1", "")]
    [InlineData("[a-c]x", "ax,cx", "dx,x")]
    [InlineData("[^a-c]x", "dx,-x", "ax")]
    [InlineData("[]a]", "],a", "b")]
    [InlineData("[^]a]", "b", "],a")]
    [InlineData("[a-]", "a,-", "b")]
    [InlineData("[-a]", "a,-", "b")]
    [InlineData("[a-c-e]", "a,b,-,e", "d")]
    [InlineData("[\\d-z]", "5,-,z", "a")]
    [InlineData("[[:alpha:]_]+", "a_B", "a1")]
    [InlineData("[[:^digit:]]", "a", "1")]
    [InlineData("[[:word:].]+", "a_1.b", "a-b")]
    [InlineData("\\d+", "0,12", "a,")]
    [InlineData("\\D\\S\\W", "ab-", "1b-,ab_")]
    [InlineData("\\w+\\.\\w+", "a_b.c", "a-b.c,ab")]
    [InlineData("\\pL+", "abC", "a1")]
    [InlineData("\\p{Lu}x", "Ax", "ax")]
    [InlineData("\\P{Lu}x", "ax", "Ax")]
    [InlineData("\\p{^Lu}x", "ax", "Ax")]
    [InlineData("\\p{Greek}|a", "a", "b")]
    [InlineData("\\P{Greek}", "a", "aa")]
    [InlineData("\\p{Latin}", "z", "1")]
    [InlineData("(?i)ab", "AB,aB", "ac")]
    [InlineData("(?i:a)b", "Ab,ab", "AB")]
    [InlineData("a(?i)b", "aB", "AB")]
    [InlineData("(a(?i)b)c", "aBc", "aBC")]
    [InlineData("(?i)a(?-i)b", "Ab", "AB")]
    [InlineData("(?i)[a-c]", "B", "d")]
    [InlineData("(?i)\u212a", "k,K", "j")]
    [InlineData("(?ims-U:a)", "A", "b")]
    [InlineData("(?P<x>a)b", "ab", "a")]
    [InlineData("(?<x>a)b", "ab", "a")]
    [InlineData("^a$", "a", "ab")]
    [InlineData("\\Aa\\z", "a", "ab")]
    [InlineData("(?m)^a$", "a", "ab")]
    [InlineData("^*a", "a", "b")]
    [InlineData("a\\b-b", "a-b", "ab")]
    [InlineData("a\\Bb", "ab", "a-b")]
    [InlineData("\\Qa.b\\E+", "a.b,a.bb", "axb")]
    [InlineData("\\Qa.b", "a.b", "axb")]
    [InlineData("\\x61\\x{62}\\143", "abc", "abd")]
    [InlineData("\\0|a", "a", "b")]
    [InlineData("\\-\\_\\.", "-_.", "a")]
    [InlineData("é|a", "a", "e")]
    [InlineData("(a*)*b", "b,aaab", "c")]
    [InlineData("(|a)+b", "b,aab", "c")]
    [InlineData("a.b(c|d)*", "a-b,a.bcdc", "ab")]
    public void Stands_for_whole_names(string expression, string yes, string no)
    {
        Assert.True(TopicRegex.TryParse(expression, out TopicRegex? regex, out string? problem), problem);
        foreach (string name in yes.Split(','))
        {
            Assert.True(regex.Matches(name), $"{expression} should match {name}");
        }

        foreach (string name in no.Split(',').Where(n => no.Length > 0))
        {
            Assert.False(regex.Matches(name), $"{expression} should not match {name}");
        }
    }

    [Theory]
    [InlineData("[")]
    [InlineData("[]")]
    [InlineData("[a")]
    [InlineData("[z-a]")]
    [InlineData("[a-\\d]")]
    [InlineData("[[:nope:]]")]
    [InlineData("(")]
    [InlineData(")")]
    [InlineData("a)")]
    [InlineData("(a")]
    [InlineData("*a")]
    [InlineData("+")]
    [InlineData("?")]
    [InlineData("a|*")]
    [InlineData("(*a)")]
    [InlineData("(?i)*")]
    [InlineData("{2}")]
    [InlineData("a**")]
    [InlineData("a*+")]
    [InlineData("a++")]
    [InlineData("a{2}{3}")]
    [InlineData("a*{2}")]
    [InlineData("a{1001}")]
    [InlineData("a{2,1}")]
    [InlineData("((a{100}){100}){100}")]
    [InlineData("\\")]
    [InlineData("a\\")]
    [InlineData("\\1")]
    [InlineData("(a)\\1")]
    [InlineData("\\8")]
    [InlineData("\\k<x>")]
    [InlineData("\\Z")]
    [InlineData("\\G")]
    [InlineData("\\C")]
    [InlineData("\\h")]
    [InlineData("\\xg0")]
    [InlineData("\\x{}")]
    [InlineData("\\x{110000}")]
    [InlineData("\\p")]
    [InlineData("\\p{")]
    [InlineData("\\p{Nope}")]
    [InlineData("(?=a)")]
    [InlineData("(?!a)")]
    [InlineData("(?<=a)")]
    [InlineData("(?<!a)")]
    [InlineData("(?>a)")]
    [InlineData("(?#a)")]
    [InlineData("(?P=x)")]
    [InlineData("(?P<>a)")]
    [InlineData("(?P<x>a)(?P<x>b)")]
    [InlineData("(?x)a")]
    [InlineData("(?i-)a")]
    [InlineData("(?i--s)a")]
    [InlineData("(?i")]
    public void Refuses_what_RE2_refuses(string expression)
    {
        Assert.False(TopicRegex.TryParse(expression, out _, out string? problem));
        Assert.NotEmpty(problem);
    }

    [Fact]
    public void An_expression_that_takes_others_for_ever_is_matched_at_once()
    {
        Assert.True(TopicRegex.TryParse("(a*)*(a*)*(a*)*c", out TopicRegex? regex, out _));
        Assert.False(regex.Matches(new string('a', 249)));
    }

    [Fact]
    public void Nesting_without_end_is_refused()
    {
        Assert.False(TopicRegex.TryParse(new string('(', 5000) + new string(')', 5000), out _, out _));
        Assert.True(TopicRegex.TryParse(new string('(', 900) + 'a' + new string(')', 900), out TopicRegex? regex, out _));
        Assert.True(regex.Matches("a"));
    }
}
